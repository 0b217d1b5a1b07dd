/** Writes local files so that a reader of the folder never finds half of one, and a failure leaves what was there before. */
import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { createDirectoryError } from './errors.js';
import { LeftoverCleaner } from './leftovers.js';

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** Names of other machines that share the folder differ in the first part. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const TEMPORARY = /^\.fdfs-([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.part$/;
const leftovers = new LeftoverCleaner((name) => {
  const [, host, pid] = TEMPORARY.exec(name) ?? [];
  return host === HOST ? Number(pid) : undefined;
});

export interface ReplaceOptions {
  /** Write to the file that a symbolic link leads to. False: the link is replaced. Default true. */
  followLink?: boolean;
}

/**
 * Calls `write` with a temporary file in the same folder, then renames it to `file`. An existing file keeps its mode (and its
 * owner, where that is allowed); a symbolic link is followed and stays. Devices and pipes cannot be replaced and are written to.
 * Temporary files that a killed process left in the folder are removed.
 * @throws errors of Node, naming `file`; what `write` throws
 */
export async function replaceFile<T>(
  file: string,
  write: (handle: FileHandle) => Promise<T>,
  { followLink = true }: ReplaceOptions = {},
): Promise<T> {
  const present = await (followLink ? stat(file) : statUnlessLink(file)).catch(() => undefined);
  if (present?.isDirectory()) throw createDirectoryError(file, 'open');
  if (present !== undefined && !present.isFile()) return await writeInto(await open(file, 'w'), write);
  const target = !followLink ? file : present === undefined ? await followLinks(file) : await realpath(file);
  const folder = path.dirname(target);
  await leftovers.clean(folder);
  const temporary = path.join(folder, `.fdfs-${HOST}-${process.pid}-${randomBytes(6).toString('hex')}.part`);
  try {
    const handle = await open(temporary, 'wx');
    const result = await writeInto(handle, async (opened) => {
      const written = await write(opened);
      if (present) await copyAttributes(opened, present);
      return written;
    });
    await rename(temporary, target);
    return result;
  } catch (error) {
    await rm(temporary, { force: true });
    // The caller knows the file, and not its temporary name.
    if ((error as { path?: unknown }).path === temporary) renameInError(error as Error, temporary, file);
    throw error;
  }
}

/** A link counts as absent. */
async function statUnlessLink(file: string): Promise<Stats | undefined> {
  const stats = await lstat(file);
  return stats.isSymbolicLink() ? undefined : stats;
}

function renameInError(error: Error, from: string, to: string): void {
  Object.assign(error, { path: to });
  error.message = error.message.replace(from, to);
}

async function writeInto<T>(handle: FileHandle, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await write(handle);
  } finally {
    await handle.close();
  }
}

/** A link that leads nowhere names the file to make. */
async function followLinks(file: string): Promise<string> {
  let target = file;
  for (let links = 0; links < MAX_LINKS; links++) {
    const stats = await lstat(target).catch(() => undefined);
    if (!stats?.isSymbolicLink()) return target;
    target = path.resolve(path.dirname(target), await readlink(target));
  }
  throw Object.assign(new Error(`ELOOP: too many symbolic links encountered, open '${file}'`), {
    code: 'ELOOP',
    errno: -40,
    syscall: 'open',
    path: file,
  });
}

async function copyAttributes(handle: FileHandle, { mode, uid, gid }: Stats): Promise<void> {
  const own = await handle.stat();
  // Not allowed to most users; the mode comes last, as a new owner clears some of its bits.
  if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid).catch(() => undefined);
  await handle.chmod(mode & 0o7777);
}
