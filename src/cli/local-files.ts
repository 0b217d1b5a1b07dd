/** Local files as sources and targets; `-` is standard input or output. */
import { chmod, open, realpath, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Context } from './context.js';
import { CliError, UsageError } from './exit.js';
import { localize } from './language.js';

export const STDIN = '-';
export const STDOUT = '-';
const CHUNK_BYTES = 256 * 1024;

export interface LocalSource {
  readonly stream: Readable;
  readonly label: string;
  readonly size?: number;
}

export function standardInput(context: Context): Readable {
  if (process.stdin.isTTY && !context.options.json && !context.options.quiet)
    context.warn(localize('reading from the terminal; Ctrl-D ends the input'));
  return process.stdin;
}

/** Opens a file, or standard input. Errors name the file, also those of a directory. */
export async function openSource(context: Context, path: string): Promise<LocalSource> {
  if (path === STDIN) return { stream: standardInput(context), label: localize('standard input') };
  if (path === '') throw new UsageError('the name of a file is empty; standard input is -');
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    if (stats.isDirectory())
      throw Object.assign(new CliError('{file}: is a directory', { file: path }), { code: 'EISDIR' });
    return {
      stream: file.createReadStream({ highWaterMark: CHUNK_BYTES }),
      label: basename(path),
      ...(stats.isFile() ? { size: stats.size } : {}),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Returns the file itself, or the one of that name in a directory. */
export async function targetFile(path: string | undefined, name: string): Promise<string> {
  if (path === undefined) return name;
  return (await isFolder(path)) ? join(path, name) : path;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Renames a file that is whole over the target, whose mode and links stay. */
export async function moveOver(whole: string, target: string): Promise<void> {
  const place = await realpath(target).catch(() => target);
  const present = await stat(place).catch(() => undefined);
  if (present) await chmod(whole, present.mode & 0o7777);
  await rename(whole, place);
}

const MAX_NAME_BYTES = 255;

/**
 * Returns the name that a stranger gave a file, as one that this machine can have: no folders, no control characters.
 * Undefined: nothing of it remains.
 */
export function safeLocalName(name: string): string | undefined {
  const base = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
  const clean = base.replace(/\p{Cc}/gu, '_');
  const usable =
    clean !== '' && clean !== '.' && clean !== '..' && Buffer.byteLength(clean) <= MAX_NAME_BYTES;
  return usable ? clean : undefined;
}
