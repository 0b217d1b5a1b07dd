/** The files of a folder and all folders in it. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface WalkedFile {
  /** For opening it. */
  readonly file: string;
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Yields regular files in the order of their names, folder by folder. Links to files are followed, links to folders are not:
 * they could lead in circles. Other kinds of files are left out.
 * @param failed receives what cannot be read; the walk goes on
 */
export async function* walk(
  root: string,
  failed: (error: unknown, file: string) => void,
  below = '',
): AsyncGenerator<WalkedFile, void, undefined> {
  const folder = join(root, below);
  let entries: Awaited<ReturnType<typeof readFolder>>;
  try {
    entries = await readFolder(folder);
  } catch (error) {
    if (below === '') throw error;
    failed(error, folder);
    return;
  }
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      yield* walk(root, failed, path);
    } else if (entry.isFile() || entry.isSymbolicLink()) {
      const file = join(root, path);
      try {
        const stats = await stat(file);
        if (stats.isFile()) yield { file, path, stats };
      } catch (error) {
        failed(error, file);
      }
    }
  }
}

async function readFolder(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}
