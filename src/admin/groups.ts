/** Resolves group records whose meaning depends on the server's version, by the storage records of the same tracker. */
import { listStorage } from '../core/protocol/admin-commands.js';
import { type GroupRecord, resolveGroup, type UnresolvedGroup } from '../core/protocol/records.js';
import type { Ask } from './trackers.js';

/** Returns the records with their two ambiguous numbers resolved. */
export async function resolveGroups(records: readonly UnresolvedGroup[], ask: Ask): Promise<GroupRecord[]> {
  const ambiguous = records.filter((record) => 'ambiguous' in record);
  // Without storages both numbers are 0 in either meaning.
  const witness = ambiguous.find(({ storageCount }) => storageCount > 0);
  const storages = witness ? await ask(listStorage, { group: witness.name }) : [];
  // The read-write mode came to storage records with the counts of readable and writable ones.
  const hasReadWriteCounts = storages[0]?.rwMode !== undefined;
  return records.map((record) => resolveGroup(record, hasReadWriteCounts));
}
