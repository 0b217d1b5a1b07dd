/** Reads the files of a configuration, and finds those that it names. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configError, type Place } from './place.js';

/** @throws ArgumentError (`FASTDFS_CONFIG`, with the cause) when the file cannot be read */
export function readText(path: string, place?: Place): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw configError(`Cannot read configuration file ${path}${reason}`, place, error);
  }
}

/**
 * Returns the absolute path of `name`, which may start with `file://`. Relative names are taken from `directory`.
 * @throws ArgumentError (`FASTDFS_CONFIG`) for names on the network, which the C library would fetch
 */
export function locateFile(directory: string, name: string, place?: Place): string {
  if (/^https?:\/\//i.test(name)) throw configError(`${name} is not fetched; only files are read`, place);
  if (/^file:\/\/\//i.test(name)) return fileURLToPath(name);
  return resolve(directory, name.replace(/^file:\/\//i, ''));
}
