/** Compares the files of the cluster with those that an application knows, in parts that fit in memory. */
import { splitFileId } from '../../core/model/file-id.js';
import { type ClusterAccess, joinSignals } from '../access.js';
import { mapConcurrently } from '../concurrent.js';
import { type JoinedPart, ListingJoin } from './join.js';
import { describeLone, isDecodable, isYoung } from './names.js';
import { confirmFiles } from './parts.js';
import type { FindOrphansOptions, ListedFile, OrphanItem } from './types.js';

const ASKING = 16;

/** @param matches chooses which unknown files are orphans */
export async function* compareIds(
  access: ClusterAccess,
  known: Iterable<string> | AsyncIterable<string>,
  options: FindOrphansOptions,
  matches: (file: ListedFile) => boolean,
): AsyncGenerator<OrphanItem, void, undefined> {
  const signal = joinSignals(access, options.signal);
  const join = new ListingJoin(access, { ...options, signal });
  try {
    for await (const text of known) {
      signal.throwIfAborted();
      const fileId = text.trim();
      if (fileId === '') continue;
      if (!isFileId(fileId)) yield { problem: 'invalid', fileId };
      else if (options.group === undefined || fileId.startsWith(`${options.group}/`)) {
        const full = join.add(fileId);
        if (full) await full;
      }
    }
    for await (const part of join.read()) {
      yield* compare(access, part, matches, { ...options, signal });
    }
  } finally {
    await join.close();
  }
}

async function* compare(
  access: ClusterAccess,
  { cluster, known, files }: JoinedPart,
  matches: (file: ListedFile) => boolean,
  { slaves = 'with-master', signal }: FindOrphansOptions & { signal: AbortSignal },
): AsyncGenerator<OrphanItem, void, undefined> {
  const ids = new Set(known);
  const storage = cluster?.storages[0];
  if (cluster && storage && files.length > 0) {
    const { addressById } = cluster;
    const part = { group: cluster.group, addressById, storage, signal };
    // Files in trunk files stay in the listing when they are deleted, whether they are known or not.
    const there = new Set((await confirmFiles(access, part, files, undefined)).map(({ fileId }) => fileId));
    const isKnown = ({ fileId, slaveOf }: ListedFile) =>
      ids.has(fileId) || (slaves === 'with-master' && slaveOf !== undefined && ids.has(slaveOf));
    const unknown = files.filter((file) => there.has(file.fileId) && !isKnown(file) && matches(file));
    for (const file of await confirmFiles(access, part, unknown, false)) {
      yield { problem: 'orphan', fileId: file.fileId, file };
    }
    for (const fileId of there) ids.delete(fileId);
  }
  const missing = mapConcurrently(ids, ASKING, async (fileId) => {
    if (cluster && isYoung(describeLone(fileId)) && (await access.client.exists(fileId, { signal })))
      return undefined;
    return fileId;
  });
  for await (const fileId of missing) if (fileId !== undefined) yield { problem: 'missing', fileId };
}

function isFileId(text: string): boolean {
  try {
    splitFileId(text);
    return isDecodable(text);
  } catch {
    return false;
  }
}
