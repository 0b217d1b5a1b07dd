#!/usr/bin/env node
/** The program `fdfs`: runs one command and ends with its exit code. */
import { run } from './run.js';

const code = await run(process.argv.slice(2));
// A standard input that is not read to its end would keep the process alive.
process.exit(code);
