/**
 * Downloads an ordinary file in ranges, several at a time, each over a connection of its own and written where it belongs. The
 * connections are spread over the storages that have the file. What it costs is connections, so a call takes at most half of
 * those that a client may have to a server.
 */
import type { FileHandle } from 'node:fs/promises';
import { onAbort } from '../../core/base/abort.js';
import type { Engine } from '../../core/cluster/engine.js';
import { combineCrc32 } from '../../core/files/combine-crc.js';
import { ContentCrc, startCrc } from '../../core/files/content-crc.js';
import type { Address } from '../../core/model/address.js';
import type { FileIdParts } from '../../core/model/file-id.js';
import { Download, type DownloadSink, readOrdinary, verifyContent } from './download.js';
import { FileSink } from './file-sink.js';
import type { DownloadFileSettings } from './options.js';

/** Smaller ranges cost more round trips than they save. */
const MIN_RANGE_BYTES = 1024 * 1024;
/** A connection that is faster than the others takes more ranges. */
const MAX_RANGE_BYTES = 64 * 1024 * 1024;

interface Plan {
  readonly stored: FileIdParts;
  /** First byte, and the one behind the last. */
  readonly start: number;
  readonly stop: number;
  readonly connections: number;
  readonly rangeBytes: number;
  readonly verify: boolean;
}

/**
 * Plans a download in ranges; undefined where one connection does it: for files that can change or whose size the id does
 * not hold, for small ones, and for those that need the CRC-32 of FastDFS before 5.12, which cannot be put together.
 */
export function planRanges(
  engine: Engine,
  fileId: string,
  { parallel = 1, start = 0, end = Number.POSITIVE_INFINITY, verify = true }: DownloadFileSettings,
): Plan | undefined {
  const connections = Math.min(parallel, Math.floor(engine.options.pool.maxPerServer / 2));
  if (connections < 2) return undefined;
  const stored = readOrdinary(fileId);
  if (stored === undefined || startCrc(engine, stored.time).legacy !== undefined) return undefined;
  const stop = Math.min(stored.size, end + 1);
  if (stop - start < 2 * MIN_RANGE_BYTES) return undefined;
  const even = Math.ceil((stop - start) / connections);
  const rangeBytes = Math.min(Math.max(even, MIN_RANGE_BYTES), MAX_RANGE_BYTES);
  return { stored, start, stop, connections, rangeBytes, verify: verify && stop - start === stored.size };
}

/** Returns the bytes written, when all are. */
export async function downloadRanges(
  engine: Engine,
  fileId: string,
  settings: DownloadFileSettings,
  file: FileHandle,
  plan: Plan,
): Promise<number> {
  const { stored, start: first, stop: behind, connections, rangeBytes, verify } = plan;
  const { onProgress, storage } = settings;
  const total = behind - first;
  const stop = new AbortController();
  const { signal } = stop;
  const fail = (error: unknown) => stop.abort(error);
  const release = onAbort(settings.signal, fail);
  const storages = storage === undefined ? await findStorages(engine, stored, fileId, settings) : [];
  const values: number[] = [];
  let next = 0;
  let transferred = 0;
  let written = 0;
  const receive = async (index: number, from: Address | undefined) => {
    const start = first + index * rangeBytes;
    const end = Math.min(start + rangeBytes, behind) - 1;
    let counted = 0;
    const count: typeof onProgress = (progress) => {
      transferred += progress.transferred - counted;
      counted = progress.transferred;
      return onProgress?.({ transferred, total });
    };
    const sink = new FileSink(file, fail, () => download.resume(), start - first);
    const sum = new ContentCrc(false);
    const range = { start, end, storage, signal, verify: false, onProgress: onProgress && count };
    const download = new Download(engine, fileId, range, verify ? sumUp(sink, sum) : sink, from);
    try {
      await download.run();
    } finally {
      await sink.finish();
    }
    signal.throwIfAborted();
    written += sink.written;
    values[index] = sum.value;
  };
  const lane = async (from: Address | undefined) => {
    while (next * rangeBytes < total) await receive(next++, from);
  };
  try {
    // The file is closed by the caller: nothing may be written to it afterwards.
    const from = (index: number) => storages[index % storages.length];
    await Promise.all(Array.from({ length: connections }, (_, index) => lane(from(index)).catch(fail)));
    signal.throwIfAborted();
    if (!verify) return written;
    const sums = { value: combine(values, rangeBytes, total), legacy: undefined };
    await verifyContent(engine, fileId, stored, sums, signal);
    return written;
  } finally {
    release();
  }
}

/** Finds every storage that has the file. What hinders this is met by the ranges, which can do without. */
async function findStorages(
  engine: Engine,
  name: FileIdParts,
  fileId: string,
  { signal }: DownloadFileSettings,
): Promise<readonly Address[]> {
  try {
    return await engine.locate(name, 'read', { fileId, signal });
  } catch {
    return [];
  }
}

/** Adds to a sum what a sink takes. */
function sumUp(sink: FileSink, sum: ContentCrc): DownloadSink {
  return {
    retainsChunks: sink.retainsChunks,
    mayIdle: sink.mayIdle,
    onStart: (bytes) => sink.onStart(bytes),
    allocate: () => sink.allocate(),
    onContent: (slice) => {
      sum.add(slice);
      return sink.onContent(slice);
    },
  };
}

function combine(values: readonly number[], rangeBytes: number, total: number): number {
  return values.reduce((all, value, index) =>
    combineCrc32(all, value, Math.min(rangeBytes, total - index * rangeBytes)),
  );
}
