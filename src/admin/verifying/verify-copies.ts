import { formatAddress } from '../../core/model/address.js';
import { splitFileId } from '../../core/model/file-id.js';
import type { StorageRecord } from '../../core/protocol/records.js';
import {
  type ClusterAccess,
  type GroupStorages,
  isServerFailure,
  joinSignals,
  readActiveStorages,
} from '../access.js';
import { mapConcurrently } from '../concurrent.js';
import { describeLines, describeLone } from '../listing/names.js';
import { listStorePaths } from '../listing/parts.js';
import { readPath } from '../listing/read-path.js';
import type { ListedFile } from '../listing/types.js';
import { LinePartitions } from '../partitions.js';
import { RateLimit } from './rate-limit.js';
import type { VerifyFault, VerifyOptions, VerifySummary } from './types.js';
import { type VerifyState, verifyFile } from './verify-file.js';

const DEFAULT_CONCURRENCY = 4;
/** Named files are taken in batches of this many. */
const BATCH_FILES = 256;

export async function* verifyCopies(
  access: ClusterAccess,
  options: VerifyOptions,
  summary: VerifySummary,
): AsyncGenerator<VerifyFault, void, undefined> {
  const signal = joinSignals(access, options.signal);
  signal.throwIfAborted();
  const state: VerifyState = {
    engine: access.engine,
    limit: options.bytesPerSecond === undefined ? undefined : new RateLimit(options.bytesPerSecond),
    signal,
    legacy: false,
    onBytes: (bytes) => {
      summary.bytes += bytes;
    },
  };
  const run = { access, state, options, summary };
  const faults = options.files === undefined ? verifyListed(run) : verifyNamed(run, options.files);
  for await (const fault of faults) {
    summary.faults[fault.problem]++;
    yield fault;
  }
  summary.complete = true;
}

interface Run {
  readonly access: ClusterAccess;
  readonly state: VerifyState;
  readonly options: VerifyOptions;
  readonly summary: VerifySummary;
}

async function* verifyListed(run: Run): AsyncGenerator<VerifyFault, void, undefined> {
  const { access, state, options } = run;
  const groups = await readActiveStorages(access, options.group, { ...options, signal: state.signal });
  for (const group of groups) {
    const { storages, inactive } = group;
    // A storage that is not ACTIVE may have lost anything.
    for (const storage of inactive) {
      yield storageFault(storage, `the storage is ${storage.status}; none of its copies was verified`);
    }
    if (storages.length === 0) continue;
    for (const path of listStorePaths(storages, undefined)) yield* verifyPath(run, group, path);
  }
}

async function* verifyPath(
  run: Run,
  group: GroupStorages,
  path: number,
): AsyncGenerator<VerifyFault, void, undefined> {
  const { access, state, options } = run;
  const partitions = new LinePartitions();
  try {
    for (const storage of group.storages) {
      try {
        // What a storage lists before its listing breaks is not wrong, only not all.
        await readPath(access, storage, path, partitions, { ...options, signal: state.signal });
      } catch (error) {
        state.signal.throwIfAborted();
        if (!isServerFailure(error)) throw error;
        const message = `the storage could not list store path ${path}: ${error.message}`;
        yield { ...storageFault(storage, message), error };
      }
    }
    yield* verifyFiles(run, readFiles(partitions, group), () => group.storages);
  } finally {
    await partitions.close();
  }
}

async function* readFiles(partitions: LinePartitions, group: GroupStorages): AsyncGenerator<ListedFile> {
  for await (const lines of partitions.read()) yield* describeLines(lines, group);
}

async function* verifyNamed(
  run: Run,
  fileIds: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<VerifyFault, void, undefined> {
  const { access, state, options } = run;
  const groups = await readActiveStorages(access, options.group, { ...options, signal: state.signal });
  const storagesByGroup = new Map(groups.map(({ group, storages }) => [group, storages]));
  const batch: ListedFile[] = [];
  const flush = () => verifyFiles(run, batch.splice(0), (group) => storagesByGroup.get(group) ?? []);
  for await (const fileId of fileIds) {
    const { group } = splitFileId(fileId);
    if (!storagesByGroup.has(group)) {
      if (options.group !== undefined) continue;
      const message = 'there is no such group';
      yield { problem: 'missing', fileId, group, storage: '', address: '', message };
      continue;
    }
    batch.push(describeLone(fileId));
    if (batch.length === BATCH_FILES) yield* flush();
  }
  yield* flush();
}

async function* verifyFiles(
  { state, options, summary }: Run,
  files: Iterable<ListedFile> | AsyncIterable<ListedFile>,
  storagesFor: (group: string) => readonly StorageRecord[],
): AsyncGenerator<VerifyFault, void, undefined> {
  const { sample = 1, concurrency = DEFAULT_CONCURRENCY, onProgress } = options;
  const named = options.files !== undefined;
  const results = mapConcurrently(files, concurrency, async (file) => {
    if (sample < 1 && Math.random() >= sample) return { faults: undefined, copies: 0 };
    const storages = storagesFor(file.group);
    return { faults: await verifyFile(state, file, storages, named), copies: storages.length };
  });
  for await (const { faults, copies } of results) {
    if (!faults) continue;
    summary.files++;
    summary.copies += copies;
    onProgress?.(summary);
    yield* faults;
  }
}

function storageFault(storage: StorageRecord, message: string): VerifyFault {
  const { group, id } = storage;
  return { problem: 'unreadable', group, storage: id, address: formatAddress(storage), message };
}
