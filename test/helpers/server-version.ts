/** The version of the servers under test, for what a version does in its own way or does not have. */
import { crc32 } from 'node:zlib';
import { legacyCrc32 } from '../../src/core/model/legacy-crc32.js';
import { FastDFSAdmin } from '../../src/index.js';

/** Returns the version that the storages of a cluster run. */
export async function readServerVersion(trackers: readonly string[]): Promise<string> {
  await using admin = new FastDFSAdmin({ trackers: [...trackers] });
  return (await admin.listStorages('group1'))[0]!.version;
}

/** Returns whether a version is this one or later, by its numbers. */
export function isSince(first: string, version: string): boolean {
  const [wanted, actual] = [first, version].map((text) => text.split('.').map(Number));
  for (const [index, number] of wanted!.entries()) {
    if ((actual![index] ?? 0) !== number) return (actual![index] ?? 0) > number;
  }
  return true;
}

/** Returns whether the servers can turn an appender file into an ordinary one by renaming it. */
export async function canRename(trackers: readonly string[]): Promise<boolean> {
  return isSince('6.2', await readServerVersion(trackers));
}

/** Returns the CRC-32 that the servers write into the ids of ordinary files. */
export async function sumInId(trackers: readonly string[], content: Uint8Array): Promise<number> {
  return isSince('5.12', await readServerVersion(trackers)) ? crc32(content) : legacyCrc32(content, 0);
}
