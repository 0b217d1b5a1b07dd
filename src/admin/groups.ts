/** Group records whose meaning depends on the server's version get it from the storage records of the same tracker. */
import { listStorage } from '../core/protocol/admin-commands.js';
import { type GroupInfo, type GroupRecord, settleGroup } from '../core/protocol/records.js';
import type { Ask } from './trackers.js';

export async function settled(records: readonly GroupRecord[], ask: Ask): Promise<GroupInfo[]> {
  const ambiguous = records.filter((record) => 'ambiguous' in record);
  // Without any storage the numbers are counts of none, whatever they mean.
  const witness = ambiguous.find(({ storageCount }) => storageCount > 0);
  const storages = witness ? await ask(listStorage, { group: witness.name }) : [];
  // The read-write mode came to storage records with the counts of readable and writable ones.
  const hasReadWriteCounts = storages[0]?.rwMode !== undefined;
  return records.map((record) => settleGroup(record, hasReadWriteCounts));
}
