import { existsSync } from 'node:fs';
import path from 'node:path';

/** Returns the file that the PATH leads to, or undefined where the program is not installed. */
export function findOnPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find((file) => existsSync(file));
}
