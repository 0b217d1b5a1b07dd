// Copies the files of the console's page to where the joined module that serves them looks.
import { cpSync } from 'node:fs';

cpSync('src/cli/console/assets', 'dist/shared/assets', { recursive: true });
