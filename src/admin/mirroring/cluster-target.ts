/** Copies into another cluster, which gives the copies new ids. */
import type { FastDFSClient } from '../../client.js';
import { ServerError } from '../../core/base/errors.js';
import { parseFileId } from '../../core/model/file-id.js';
import { sleep } from '../concurrent.js';
import { readExtension } from '../listing/names.js';
import type { FileListing } from '../listing/types.js';
import { createMismatch, digestFile, type SourceFile } from './content.js';
import type { StartedUpload } from './id-map.js';
import type { CopyTarget, ParentCopy } from './target.js';

const STATUS_EXISTS = 17;
/** Clocks of the two clusters may differ by so much. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

export interface ClusterTargetOptions {
  readonly group: string | undefined;
  readonly settleMs: number;
  /** Lists the target cluster. */
  readonly list: (newerThan: Date, signal: AbortSignal) => FileListing;
  readonly close: () => Promise<void>;
}

export class ClusterTarget implements CopyTarget {
  readonly #source: FastDFSClient;
  readonly #target: FastDFSClient;
  readonly #options: ClusterTargetOptions;

  constructor(source: FastDFSClient, target: FastDFSClient, options: ClusterTargetOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  async prepare(): Promise<void> {}

  /** Same content, kind and time, and in no map: the upload that was cut off. */
  async recover(
    started: ReadonlyMap<string, StartedUpload>,
    removeMapped: (candidates: Map<string, unknown>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    if (started.size === 0) return found;
    const times = [...started.values()].map(({ at }) => at);
    // The target must have written its log before it can list the files.
    const wait = Math.max(...times) + this.#options.settleMs - Date.now();
    if (wait > 0) await sleep(wait, signal);
    const wanted = new Set([...started.values()].map(contentKey));
    const candidates = new Map<string, string>();
    const from = new Date(Math.min(...times) - CLOCK_TOLERANCE_MS);
    for await (const { fileId } of this.#options.list(from, signal)) {
      const key = idKey(fileId);
      // A cluster may be mirrored into another group of its own.
      if (key !== undefined && wanted.has(key) && !started.has(fileId)) candidates.set(fileId, key);
    }
    await removeMapped(candidates);
    for (const upload of started.values()) {
      const key = contentKey(upload);
      const match = [...candidates].find(([, candidate]) => candidate === key);
      if (!match) continue;
      candidates.delete(match[0]);
      found.set(upload.start, match[0]);
    }
    return found;
  }

  async copy(source: SourceFile, parent: ParentCopy | undefined, signal: AbortSignal): Promise<string> {
    const to = parent
      ? await this.#copySlave(source, parent, signal)
      : await this.#copyMaster(source, signal);
    // Ids of ordinary files have been compared by the upload.
    if (source.file.kind !== 'normal') await this.#check(to, source, signal);
    return to;
  }

  async update(to: string, source: SourceFile, signal: AbortSignal): Promise<void> {
    await this.#target.truncate(to, 0, { signal });
    if (source.size > 0) await this.#target.append(to, this.#read(source, signal), { signal });
    await this.#check(to, source, signal);
  }

  async adopt(to: string, { metadata }: SourceFile, signal: AbortSignal): Promise<void> {
    if (metadata) await this.#target.setMetadata(to, metadata, { signal });
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  #read({ file }: SourceFile, signal: AbortSignal) {
    return this.#source.createDownloadStream(file.fileId, { signal });
  }

  async #copyMaster(source: SourceFile, signal: AbortSignal): Promise<string> {
    const { file, size, metadata } = source;
    const { fileId } = await this.#target.upload(this.#read(source, signal), {
      size,
      ext: readExtension(file.fileId),
      // A slave whose master has been removed becomes an ordinary file.
      appender: file.kind === 'appender',
      group: this.#options.group,
      metadata,
      signal,
    });
    return fileId;
  }

  /** The name of a slave follows from its master's, so a second attempt meets what the first has left. */
  async #copySlave(source: SourceFile, parent: ParentCopy, signal: AbortSignal): Promise<string> {
    const { size, metadata } = source;
    const options = { size, ext: parent.ext, metadata, signal };
    const upload = () =>
      this.#target.uploadSlave(parent.to, parent.prefix, this.#read(source, signal), options);
    try {
      return (await upload()).fileId;
    } catch (error) {
      if (!(error instanceof ServerError) || error.serverStatus !== STATUS_EXISTS) throw error;
    }
    const dot = parent.to.indexOf('.', parent.to.lastIndexOf('/') + 1 + 27);
    const base = dot < 0 ? parent.to : parent.to.slice(0, dot);
    const name = `${base}${parent.prefix}${parent.ext === '' ? '' : `.${parent.ext}`}`;
    await this.#target.delete(name, { ignoreNotFound: true, signal });
    return (await upload()).fileId;
  }

  async #check(to: string, source: SourceFile, signal: AbortSignal): Promise<void> {
    const { size, crc32 } = await digestFile(this.#target, to, signal);
    if (size === source.size && crc32 === source.crc32) return;
    throw createMismatch(source, size, crc32);
  }
}

function contentKey({ size, crc32, appender }: StartedUpload): string {
  return appender ? `appender ${crc32}` : `normal ${size} ${crc32}`;
}

/** The CRC-32 in the name of an appender file is that of its upload. */
function idKey(fileId: string): string | undefined {
  const { kind, size, nameCrc32 } = parseFileId(fileId);
  if (kind === 'slave') return undefined;
  return kind === 'appender' ? `appender ${nameCrc32}` : `normal ${size} ${nameCrc32}`;
}
