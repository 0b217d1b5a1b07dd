/**
 * Applies one change of a storage to the copy of another, as the synchronization of the real server does. Applying a
 * change twice does no harm.
 */
import type { BinlogRecord } from './binlog.js';
import { METADATA_SUFFIX } from './file-names.js';
import type { SyncNode } from './sync-node.js';

/** `renamed`: the other storage had the file under its old name. */
export type Applied = 'done' | 'renamed';

/** @throws an error of the file system */
export async function applyRecord(
  source: SyncNode,
  target: SyncNode,
  record: BinlogRecord,
): Promise<Applied> {
  const result = await apply(source, target, record);
  const seconds = Math.floor(record.at / 1000);
  target.counters.lastSyncUpdate = Math.floor(Date.now() / 1000);
  target.syncedUntil.set(source, seconds);
  return result;
}

async function apply(source: SyncNode, target: SyncNode, record: BinlogRecord): Promise<Applied> {
  const { operation, name, rest } = record;
  switch (operation) {
    case 'D':
      if (target.store.exists(name)) {
        target.space.grow(name, -(target.store.size(name) ?? 0));
        target.store.remove(name);
        target.slots?.free(name);
        target.binlog.append(record, true);
      }
      return 'done';
    case 'A':
    case 'M':
      await applyRange(source, target, record, Number(rest[0]), Number(rest[1]));
      return 'done';
    case 'T':
      await applyTruncate(source, target, record, Number(rest[0]), Number(rest[1]));
      return 'done';
    case 'R': {
      const old = rest[0]!;
      if (!source.store.exists(name)) return 'done'; // deleted later
      if (!target.store.exists(old)) {
        await copyWhole(source, target, { ...record, operation: 'C', rest: [] });
        return 'done';
      }
      await target.store.rename(old, name);
      target.binlog.append(record, true);
      return 'renamed';
    }
    default:
      await copyWhole(source, target, record);
      return 'done';
  }
}

/** Sends the file as it is now. One that was deleted meanwhile has its deletion in the binlog, too. */
async function copyWhole(source: SyncNode, target: SyncNode, record: BinlogRecord): Promise<void> {
  const { name, operation } = record;
  const size = source.store.size(name);
  if (size === undefined) return;
  const before = target.store.size(name);
  // A storage does not write a file again that it has with the same size.
  if (operation === 'C' && before === size && !name.endsWith(METADATA_SUFFIX)) return;
  await target.store.copyFrom(source.store, name);
  target.space.grow(name, size - (before ?? 0));
  target.slots?.take(name);
  target.binlog.append(record, true);
  countSync(source, target, size);
}

async function applyRange(
  source: SyncNode,
  target: SyncNode,
  record: BinlogRecord,
  offset: number,
  length: number,
): Promise<void> {
  const { name, operation } = record;
  const size = source.store.size(name);
  if (size === undefined || size < offset + length) return; // truncated or deleted later
  const there = target.store.size(name);
  if (there === undefined || there < offset) return copyWhole(source, target, { ...record, operation: 'U' });
  if (operation === 'A' && there > offset) return; // has it already
  await target.store.copyRange(source.store, name, offset, length);
  target.space.grow(name, Math.max(0, offset + length - there));
  target.binlog.append(record, true);
  countSync(source, target, length);
}

async function applyTruncate(
  source: SyncNode,
  target: SyncNode,
  record: BinlogRecord,
  oldSize: number,
  newSize: number,
): Promise<void> {
  const { name } = record;
  if (source.store.size(name) === undefined) return;
  const there = target.store.size(name);
  if (there === undefined) return copyWhole(source, target, { ...record, operation: 'C', rest: [] });
  if (there !== oldSize) return;
  await target.store.truncate(name, newSize);
  target.space.grow(name, newSize - oldSize);
  target.binlog.append(record, true);
}

function countSync(source: SyncNode, target: SyncNode, bytes: number): void {
  source.counters.done('syncOutBytes', bytes);
  target.counters.done('syncInBytes', bytes);
  target.counters.done('fileOpen');
  target.counters.done('fileWrite');
}
