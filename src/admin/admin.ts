/**
 * The admin object: what an operator reads and changes, each call a few lines over the tracker commands. What works on all files
 * is loaded with the first such call: every process that has a client imports this module, and few of them list files.
 */
import { type Conf, createClient, engineOf, FastDFSClient } from '../client.js';
import { ArgumentError, ClosedError, ServerError } from '../core/base/errors.js';
import { checkOptions } from '../core/base/validate.js';
import { checkGroup } from '../core/model/file-id.js';
import * as commands from '../core/protocol/admin-commands.js';
import { STATUS_EALREADY, STATUS_EBUSY, STATUS_ENOENT } from '../core/protocol/constants.js';
import type { GroupRecord, StorageRecord, StorageState, UnresolvedGroup } from '../core/protocol/records.js';
import type { ClusterAccess } from './access.js';
import { adminChecks, listStoragesChecks } from './checks.js';
import type { Diagnosis } from './diagnosis.js';
import { resolveGroups } from './groups.js';
import { checkHealth } from './health.js';
import { findOrphans } from './listing/find-orphans.js';
import { listFiles } from './listing/list-files.js';
import type { PruneOptions, PruneReport } from './listing/prune.js';
import type { FileListing, FindOrphansOptions, ListFilesOptions, OrphanItem } from './listing/types.js';
import type { MirrorOptions, MirrorReport, MirrorTarget } from './mirroring/types.js';
import { ReplicaLag } from './replica-lag.js';
import { readTrackers } from './tracker-status.js';
import { AdminTrackers, supported } from './trackers.js';
import type {
  AdminOptions,
  ClusterHealth,
  HealthOptions,
  ListStoragesOptions,
  TrackerStatus,
  WatchOptions,
} from './types.js';
import type { Verification, VerifyOptions } from './verifying/types.js';
import { verify } from './verifying/verify.js';
import { watchCluster } from './watch.js';

/** Servers refuse to delete a storage in these states. */
const IN_USE: ReadonlySet<StorageState> = new Set(['ONLINE', 'ACTIVE', 'RECOVERY']);

/**
 * Manages a cluster: groups, storages, trackers. Made from a path or options it creates a client and closes it in
 * `close()`; a client that is passed in stays open.
 *
 * Calls reject as those of {@link FastDFSClient} do. A number in brackets is the `serverStatus` of the ServerError.
 */
export class FastDFSAdmin {
  readonly #client: FastDFSClient;
  readonly #owned: boolean;
  readonly #trackers: AdminTrackers;
  /** Of all looks by `health()` and `watch()`. */
  readonly #lag = new ReplicaLag();
  readonly #closing = new AbortController();
  readonly #access: ClusterAccess;

  /**
   * @param conf path of a `client.conf`, options, or a client
   * @throws ArgumentError for wrong options or an unreadable file. Opens no connection.
   */
  constructor(conf: Conf) {
    this.#owned = !(conf instanceof FastDFSClient);
    this.#client = createClient(conf);
    const engine = engineOf(this.#client);
    this.#trackers = new AdminTrackers(engine);
    this.#access = {
      client: this.#client,
      engine,
      trackers: this.#trackers,
      closing: this.#closing.signal,
    };
  }

  /** Returns every group that the tracker knows, sorted by name. */
  async listGroups(options: AdminOptions = {}): Promise<GroupRecord[]> {
    checkOptions('listGroups()', options, adminChecks);
    return await this.#open().read(options, async (ask) =>
      resolveGroups(await ask(commands.listAllGroups, undefined), ask),
    );
  }

  /**
   * Returns one group.
   * @throws ServerError (2) when there is no such group
   */
  async getGroup(name: string, options: AdminOptions = {}): Promise<GroupRecord> {
    checkOptions('getGroup()', options, adminChecks);
    checkGroup(name);
    const groups = await this.#open().read(options, async (ask) =>
      resolveGroups([await ask(commands.listOneGroup, { group: name })], ask),
    );
    return groups[0]!;
  }

  /**
   * Returns the storages of a group, sorted by id; deleted ones stay in the list until the tracker is restarted.
   * @throws ServerError (2) when there is no such group, or no such storage in it
   */
  async listStorages(group: string, options: ListStoragesOptions = {}): Promise<StorageRecord[]> {
    checkOptions('listStorages()', options, listStoragesChecks);
    checkGroup(group);
    const { storage } = options;
    if (storage !== undefined) checkStorageId(storage);
    return await this.#open().read(options, (ask) =>
      ask(commands.listStorage, { group, storageId: storage }),
    );
  }

  /**
   * Lists the files of a group, or of all groups, from the logs of the storages: those that exist, decoded from their ids.
   * Each store path is read whole from one storage into a temporary file first, so memory stays small, and a storage
   * that fails is replaced by another without duplicates. The order within a store path is not defined. `sources` of
   * the result says what was listed and when.
   *
   * PROTOCOL: 26 FETCH_ONE_PATH_BINLOG.
   * @throws ArgumentError at once for a wrong option
   * @throws ServerError (2) when there is no such group, (64) when a group has no ACTIVE storage; NetworkError,
   * TimeoutError and ProtocolError when no storage of a group could list its files
   */
  listFiles(group?: string, options: ListFilesOptions = {}): FileListing {
    this.#open();
    return listFiles(this.#access, group, options);
  }

  /**
   * Reads every copy of every file on every ACTIVE storage, and yields what is wrong: missing, different, unreadable and
   * extra copies. Ordinary files are compared with the size and CRC-32 in their id, also with the CRC-32 of FastDFS before
   * 5.12; appender and slave files with each other. Young files with a fault are read again after two seconds. Reads as much as
   * the cluster holds: see `sample` and `bytesPerSecond`. `summary` of the result is complete when the iteration has ended.
   * @throws ArgumentError at once for a wrong option
   */
  verify(options: VerifyOptions = {}): Verification {
    this.#open();
    return verify(this.#access, options);
  }

  /**
   * Compares the files of the cluster with the ids that an application knows. Yields files that are not known, and known
   * ids that have no file. Memory stays small for any number of ids: both lists are split on disk.
   * @param known file ids, e.g. the lines of a file
   * @throws ArgumentError at once for a wrong option
   */
  findOrphans(
    known: Iterable<string> | AsyncIterable<string>,
    options: FindOrphansOptions = {},
  ): AsyncGenerator<OrphanItem, void, undefined> {
    this.#open();
    return findOrphans(this.#access, known, options);
  }

  /**
   * Removes files that are older than a moment, with their slaves. Only reports what it would remove unless `dryRun` is
   * false. Slaves go with their masters; alone only with `kind: 'slave'`, or when their master has been removed before.
   * @throws ArgumentError without `olderThan` and for a wrong option; what `listFiles()` throws. Files that could not be removed are in the
   * report.
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    this.#open();
    const { prune } = await import('./listing/prune.js');
    return await prune(this.#access, options);
  }

  /**
   * Copies files to a directory or to another cluster: masters first, then their slaves under the new masters, metadata with
   * them; sizes and CRC-32 are compared. Appender files stay appender files. The id map is also what a later run
   * resumes from: after a run that was killed nothing is copied twice and nothing is left out. A second run
   * copies what is new and updates appender files whose size has changed; what was removed stays in the target.
   * @throws ArgumentError for a wrong option or target, and for a map that is none; what `listFiles()` throws; the last error
   * when twenty files in a row fail. Other failures are in the report.
   */
  async mirror(target: MirrorTarget, options: MirrorOptions): Promise<MirrorReport> {
    this.#open();
    const { mirror } = await import('./mirroring/mirror.js');
    return await mirror(this.#access, target, options, (client, group, newerThan, signal) =>
      new FastDFSAdmin(client).listFiles(group, { newerThan, signal }),
    );
  }

  /**
   * Removes a group that has no storage left. Checks on every tracker first, then removes it from each; all trackers must be reachable.
   * @throws ServerError: 16 while a tracker has records of storages (deleted ones count until it is restarted), 2
   * when no tracker knows the group
   */
  async deleteGroup(name: string, options: AdminOptions = {}): Promise<void> {
    checkOptions('deleteGroup()', options, adminChecks);
    checkGroup(name);
    const args = { group: name };
    const trackers = this.#open();
    const seen = await trackers.onEach(options, [STATUS_ENOENT], async (ask) => {
      assertEmpty(await ask(commands.listOneGroup, args));
    });
    throwIfAll(STATUS_ENOENT, seen);
    const answers = await trackers.onEach(options, [STATUS_ENOENT], (ask) => ask(commands.deleteGroup, args));
    throwIfAll(STATUS_ENOENT, answers);
  }

  /**
   * Removes a stopped storage from its group. Checks on every tracker first, then removes it from each; all trackers
   * must be reachable. The record stays, as DELETED, until the trackers are restarted.
   * @param storageId its id, or its IP address in clusters without ids
   * @throws ServerError: 16 while any tracker sees it ONLINE or ACTIVE, or as trunk server of its group; 2 when no
   * tracker knows it. A storage that was deleted already (114) is not an error.
   */
  async deleteStorage(group: string, storageId: string, options: AdminOptions = {}): Promise<void> {
    checkOptions('deleteStorage()', options, adminChecks);
    checkGroup(group);
    checkStorageId(storageId);
    const name = { group, storageId };
    const trackers = this.#open();
    const seen = await trackers.onEach(options, [STATUS_ENOENT], async (ask) => {
      for (const storage of await ask(commands.listStorage, name)) assertDeletable(storage);
    });
    throwIfAll(STATUS_ENOENT, seen);
    const answers = await trackers.onEach(options, [STATUS_ENOENT, STATUS_EALREADY], (ask) =>
      ask(commands.deleteStorage, name),
    );
    throwIfAll(STATUS_ENOENT, answers);
  }

  /**
   * Makes a storage the trunk server of its group; without an id the leader chooses one. Sent to the leader.
   * @returns id of the trunk server
   * @throws ServerError: 114 when it is the trunk server already, 17 while another one is ACTIVE, 64 when the storage
   * is not ACTIVE, 95 when trunk mode is off (or the named tracker is not the leader), 2
   */
  async setTrunkServer(group: string, storageId?: string, options: AdminOptions = {}): Promise<string> {
    checkOptions('setTrunkServer()', options, adminChecks);
    checkGroup(group);
    if (storageId !== undefined) checkStorageId(storageId);
    return await this.#open().readFromLeader(options, (ask) =>
      ask(commands.setTrunkServer, { group, storageId }),
    );
  }

  /** Returns every configured tracker with its state. A tracker that cannot be reached is in the result, not thrown. */
  async listTrackers(options: AdminOptions = {}): Promise<TrackerStatus[]> {
    checkOptions('listTrackers()', options, adminChecks);
    return await readTrackers(this.#open(), options);
  }

  /**
   * Returns the trackers as the leader sees them.
   * @throws ServerError (95, `FASTDFS_NOT_SUPPORTED`) by trackers before 6.15.5
   */
  async getTrackerOverview(options: AdminOptions = {}): Promise<commands.TrackerSummary[]> {
    checkOptions('getTrackerOverview()', options, adminChecks);
    const { name } = commands.trackerClusterStat;
    const call = this.#open().readFromLeader(options, (ask) => ask(commands.trackerClusterStat, undefined));
    return await supported(call, name, '6.15.5');
  }

  /**
   * Returns a summary of every storage of every group, and whether the cluster uses storage ids and trunk files.
   * @throws ServerError (95, `FASTDFS_NOT_SUPPORTED`) by trackers before 6.16.0
   */
  async getStorageOverview(options: AdminOptions = {}): Promise<commands.StorageOverview> {
    checkOptions('getStorageOverview()', options, adminChecks);
    const { name } = commands.storageClusterStat;
    const call = this.#open().read(options, (ask) => ask(commands.storageClusterStat, undefined));
    return await supported(call, name, '6.16.0');
  }

  /**
   * Returns the space of every group.
   * @throws ServerError (95, `FASTDFS_NOT_SUPPORTED`) by trackers before 6.16.0
   */
  async getSpaceOverview(options: AdminOptions = {}): Promise<commands.SpaceOverview> {
    checkOptions('getSpaceOverview()', options, adminChecks);
    const { name } = commands.storageVolumeStat;
    const call = this.#open().read(options, (ask) => ask(commands.storageVolumeStat, undefined));
    return await supported(call, name, '6.16.0');
  }

  /**
   * Returns one verdict on the whole cluster, with reasons in words. Rejects only for an abort and a wrong argument: a
   * failing cluster is a result.
   */
  async health(options: HealthOptions = {}): Promise<ClusterHealth> {
    return await checkHealth(this.#open(), options, this.#lag);
  }

  /**
   * Looks at every tracker, and connects to every storage from this machine: versions, address mapping, clocks, and what to
   * do about what is wrong. A cluster in trouble is described, not thrown: only an abort and a wrong argument reject.
   */
  async diagnose(options: AdminOptions = {}): Promise<Diagnosis> {
    const trackers = this.#open();
    const { diagnose } = await import('./diagnose.js');
    return await diagnose(engineOf(this.#client), trackers, options);
  }

  /**
   * Yields `health()` repeatedly, the first time at once. Ends when the signal aborts or the admin is closed. Never throws
   * later: failures are in the snapshot.
   * @throws ArgumentError at once for a wrong option
   */
  watch(options: WatchOptions = {}): AsyncGenerator<ClusterHealth, void, undefined> {
    return watchCluster(this.#open(), options, this.#closing.signal, this.#lag);
  }

  /** Ends watches and listings, and closes the client if it was made here. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort(new ClosedError('The FastDFS admin is closed'));
    if (this.#owned) await this.#client.close();
  }

  /** Does the same as `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(): AdminTrackers {
    this.#closing.signal.throwIfAborted();
    engineOf(this.#client).assertOpen();
    return this.#trackers;
  }
}

function checkStorageId(id: string): void {
  if (typeof id !== 'string' || id === '') {
    throw new ArgumentError(`A storage id must be a non-empty string, not ${JSON.stringify(id)}`);
  }
}

/** @throws ServerError (16), before any tracker has removed the group */
function assertEmpty({ storageCount }: UnresolvedGroup): void {
  const { name, hints } = commands.deleteGroup;
  if (storageCount > 0) throw new ServerError(STATUS_EBUSY, { command: name, hint: hints?.[STATUS_EBUSY] });
}

/** @throws ServerError (16), before anything has been deleted anywhere */
function assertDeletable({ group, id, status, trunkServer }: StorageRecord): void {
  const command = commands.deleteStorage.name;
  if (IN_USE.has(status)) {
    const hint = `storage ${id} of ${group} is still ${status}; stop it first`;
    throw new ServerError(STATUS_EBUSY, { command, hint });
  }
  // A tracker that keeps the deleted storage as trunk server of the group does not start again.
  if (trunkServer && status !== 'DELETED') {
    const hint = `storage ${id} is still the trunk server of ${group}; wait until the trackers have given the task to another, or call setTrunkServer()`;
    throw new ServerError(STATUS_EBUSY, { command, hint });
  }
}

function throwIfAll(status: number, answers: ReadonlyArray<{ refusal: ServerError } | { value: unknown }>) {
  const [first] = answers;
  const all = answers.every((answer) => 'refusal' in answer && answer.refusal.serverStatus === status);
  if (all && first && 'refusal' in first) throw first.refusal;
}
