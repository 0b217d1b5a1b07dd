/** Local files as sources and targets; `-` is standard input or output. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context } from './context.js';

export const STDIN = '-';
export const STDOUT = '-';
const CHUNK_BYTES = 256 * 1024;

export interface LocalSource {
  readonly stream: Readable;
  readonly label: string;
  readonly size?: number;
}

export function standardInput(context: Context): Readable {
  if (process.stdin.isTTY && !context.options.json)
    context.warn('reading from the terminal; Ctrl-D ends the input');
  return process.stdin;
}

/** Its errors name the file, those of a directory, too. */
export async function openSource(context: Context, path: string): Promise<LocalSource> {
  if (path === STDIN) return { stream: standardInput(context), label: 'standard input' };
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw Object.assign(new Error(`${path}: is a directory`), { code: 'EISDIR' });
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

/** The file itself, or the one of that name in a directory. */
export async function targetFile(path: string | undefined, name: string): Promise<string> {
  if (path === undefined) return name;
  return (await kindOf(path)) === 'directory' ? join(path, name) : path;
}

/**
 * Writes to a temporary name beside the file and renames at the end: nobody ever sees half a file. Devices and pipes
 * cannot be replaced so and are written to.
 */
export async function save(source: Readable, path: string): Promise<void> {
  if ((await kindOf(path)) === 'special') return await pipeline(source, createWriteStream(path));
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  try {
    await pipeline(source, createWriteStream(temporary, { flags: 'wx', highWaterMark: CHUNK_BYTES }));
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    if ((error as { path?: unknown }).path === temporary) Object.assign(error as Error, { path });
    throw error;
  }
}

async function kindOf(path: string): Promise<'file' | 'directory' | 'special' | undefined> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'special';
  } catch {
    // Not there, or not to be seen: writing to it tells.
    return undefined;
  }
}
