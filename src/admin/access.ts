/** What operations on a whole cluster work with. */

import type { FastDFSClient } from '../client.js';
import { ArgumentError, ClosedError, FastDFSError, ServerError } from '../core/base/errors.js';
import type { Check } from '../core/base/validate.js';
import type { Engine } from '../core/cluster/engine.js';
import { type Address, formatAddress } from '../core/model/address.js';
import { listAllGroups, listStorage } from '../core/protocol/admin-commands.js';
import { fetchOnePathBinlog } from '../core/protocol/path-listing.js';
import type { StorageRecord } from '../core/protocol/records.js';
import type { AdminTrackers } from './trackers.js';
import type { AdminOptions } from './types.js';

/** `ENONET`, by which trackers say that a storage is not ACTIVE. */
const STATUS_NOT_ACTIVE = 64;

export interface ClusterAccess {
  readonly client: FastDFSClient;
  readonly engine: Engine;
  readonly trackers: AdminTrackers;
  /** Aborts when the admin or its client is closed. */
  readonly closing: AbortSignal;
}

/** A group and its ACTIVE storages. */
export interface GroupStorages {
  readonly group: string;
  readonly storages: readonly StorageRecord[];
  /** Those in any other state, except DELETED ones. */
  readonly inactive: readonly StorageRecord[];
  /** Address by storage id, of all storages on record. */
  readonly addressById: ReadonlyMap<string, string>;
}

/** Returns one signal that aborts with the caller's or when the admin is closed. */
export function joinSignals(access: ClusterAccess, signal: AbortSignal | undefined): AbortSignal {
  return signal ? AbortSignal.any([signal, access.closing]) : access.closing;
}

/**
 * Returns the ACTIVE storages of each group, or of the one that is named.
 * @throws ServerError (2) without such a group; (64) when a group has storages and none is ACTIVE
 */
export async function readActiveStorages(
  { trackers }: ClusterAccess,
  group: string | undefined,
  options: AdminOptions,
): Promise<GroupStorages[]> {
  return await trackers.read(options, async (ask) => {
    const names =
      group === undefined ? (await ask(listAllGroups, undefined)).map(({ name }) => name) : [group];
    const groups: GroupStorages[] = [];
    for (const name of names) {
      const records = (await ask(listStorage, { group: name })).filter(({ status }) => status !== 'DELETED');
      const storages = records.filter(({ status }) => status === 'ACTIVE');
      if (records.length > 0 && storages.length === 0) throw noActiveStorage(name);
      groups.push({
        group: name,
        storages,
        inactive: records.filter(({ status }) => status !== 'ACTIVE'),
        addressById: new Map(records.map(({ id, host }) => [id, host])),
      });
    }
    return groups;
  });
}

function noActiveStorage(group: string): ServerError {
  const hint = `group ${group} has no ACTIVE storage that could list its files`;
  return new ServerError(STATUS_NOT_ACTIVE, { command: fetchOnePathBinlog.name, hint, retryable: true });
}

/** Returns whether the storage has this id, address, or host. */
export function matchesStorage({ id, host, port }: StorageRecord, wanted: string): boolean {
  return id === wanted || host === wanted || formatAddress({ host, port }) === wanted;
}

/** Returns the address that a storage is reached at, as the client maps it. */
export function mapStorage({ engine }: ClusterAccess, { host, port }: Address): Address {
  return engine.pools.at({ host, port }, 'storage').address;
}

/** Returns false for failures of the caller: an abort, a wrong argument, a closed client. */
export function isServerFailure(error: unknown): error is FastDFSError {
  return error instanceof FastDFSError && !(error instanceof ArgumentError || error instanceof ClosedError);
}

const DURATION = /^(\d+)([smhdw])$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Checks a moment: a Date, or an age such as `90d`. */
export const momentOption: Check = (value) =>
  (value instanceof Date && !Number.isNaN(value.getTime())) ||
  (typeof value === 'string' && DURATION.test(value))
    ? undefined
    : "a valid Date, or an age such as '90d', '12h', '30m'";

/** Returns milliseconds since 1970 of a moment that {@link momentOption} has checked. */
export function resolveMoment(moment: Date | string | undefined): number | undefined {
  if (moment === undefined) return undefined;
  if (moment instanceof Date) return moment.getTime();
  const [, count, unit] = DURATION.exec(moment)!;
  return Date.now() - Number(count) * UNIT_SECONDS[unit!]! * 1000;
}
