/** Express 4 beside Express 5. Its package has no types under this name; those of 5 fit what tests use. */
import { createRequire } from 'node:module';
import type express from 'express';

export const express4 = createRequire(import.meta.url)('express-4') as typeof express;
