/** One run of a mirror: what is copied of each part, in which order, and what is written down when. */

import { FastDFSError, isAbsent } from '../../core/base/errors.js';
import type { ClusterAccess } from '../access.js';
import { mapConcurrently, Slots, sleep } from '../concurrent.js';
import type { JoinedPart } from '../listing/join.js';
import { confirmFiles } from '../listing/parts.js';
import type { ListedFile } from '../listing/types.js';
import { readSource, type SourceFile } from './content.js';
import type { IdMap } from './id-map.js';
import { splitSlaveName } from './slave-names.js';
import type { CopyTarget, ParentCopy } from './target.js';
import type { MirrorReport } from './types.js';

/** So many files in a row say something about the target, not about the files. */
const MAX_FAILURES_IN_ROW = 20;
/** A part has some sixty files, and the last of them may be large. */
const PARTS_AT_ONCE = 16;
/** A file that has just been uploaded may be changed, or not yet be everywhere. */
const SECOND_ATTEMPT_MS = 1_000;

export interface MirrorRunOptions {
  readonly access: ClusterAccess;
  readonly target: CopyTarget;
  readonly map: IdMap;
  readonly report: MirrorReport;
  /** Copies of earlier runs that are not in the map, by source id. */
  readonly recovered: Map<string, string>;
  readonly signal: AbortSignal;
  readonly concurrency: number;
  readonly onProgress: ((report: Readonly<MirrorReport>) => void) | undefined;
  /** Write down that an upload begins: copies get names that cannot be known before. */
  readonly writesStarts: boolean;
}

interface Copied {
  readonly to: string;
  readonly size: number;
}

export class MirrorRun {
  readonly #options: MirrorRunOptions;
  readonly #slots: Slots;
  #failuresInRow = 0;

  constructor(options: MirrorRunOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
  }

  async copyParts(parts: AsyncIterable<JoinedPart>, matches: (file: ListedFile) => boolean): Promise<void> {
    const copied = mapConcurrently(parts, PARTS_AT_ONCE, (part) => this.#copyPart(part, matches));
    for await (const _ of copied);
  }

  /** Copies what of a part is not in the map. Slaves of slaves come last. */
  async #copyPart(
    { cluster, known, files }: JoinedPart,
    matches: (file: ListedFile) => boolean,
  ): Promise<void> {
    const storage = cluster?.storages[0];
    if (!cluster || !storage) return;
    const { access, signal, report } = this.#options;
    const copies = new Map<string, Copied>();
    for (const line of known) {
      const [from, to, size] = line.split(' ');
      copies.set(from!, { to: to!, size: Number(size) });
    }
    const masters = files.filter((file) => file.slaveOf === undefined && matches(file));
    const chosen = new Set(masters.map(({ fileId }) => fileId));
    const slaves = files.filter(({ slaveOf }) => slaveOf !== undefined && chosen.has(slaveOf));
    const isNew = ({ fileId }: ListedFile) => !copies.has(fileId);
    const fresh = [...masters, ...slaves].filter(isNew);
    report.skipped += masters.length + slaves.length - fresh.length;
    const { addressById } = cluster;
    const part = { group: cluster.group, addressById, storage, signal };
    const listed = await confirmFiles(access, part, fresh, undefined);
    const there = new Map(listed.map((file) => [file.fileId, file]));
    // The master of a slave may be listed although it was removed from its trunk file.
    const orphaned = slaves.filter(({ fileId }) => there.has(fileId) && !there.get(fileId)!.slaveOf);
    const ordinary = [...masters.filter((file) => there.has(file.fileId)), ...orphaned];
    await this.#each(ordinary, (file) => this.#copyMaster(file, copies));
    await this.#each(
      masters.filter((file) => file.kind === 'appender' && !isNew(file)),
      (file) => this.#update(file, copies),
    );
    // One after the other where one may be the parent of the next.
    const byLength = slaves
      .filter((file) => there.get(file.fileId)?.slaveOf !== undefined)
      .sort((a, b) => a.fileId.length - b.fileId.length);
    const nested = byLength.filter((file) => !splitSlaveName(file.fileId, file.slaveOf!, true));
    const direct = byLength.filter((file) => !nested.includes(file));
    await this.#each(direct, (file) => this.#copySlave(file, copies));
    for (const file of nested) await this.#each([file], (one) => this.#copySlave(one, copies));
  }

  async #each(files: readonly ListedFile[], work: (file: ListedFile) => Promise<void>): Promise<void> {
    const { concurrency, report, signal, onProgress } = this.#options;
    const attempt = async (file: ListedFile) => {
      signal.throwIfAborted();
      try {
        await work(file);
        this.#failuresInRow = 0;
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof FastDFSError)) throw error;
        report.failures.push({ fileId: file.fileId, error });
        if (++this.#failuresInRow >= MAX_FAILURES_IN_ROW) throw error;
      }
      onProgress?.(report);
    };
    const attempts = mapConcurrently(files, concurrency, (file) => this.#slots.run(() => attempt(file)));
    for await (const _ of attempts);
  }

  async #copyMaster(file: ListedFile, copies: Map<string, Copied>): Promise<void> {
    await this.#attempt(
      file,
      async (source) => {
        const { target, recovered, report, signal } = this.#options;
        const found = recovered.get(file.fileId);
        if (found === undefined) return await this.#uploadMaster(source);
        await target.adopt?.(found, source, signal);
        report.adopted++;
        return found;
      },
      copies,
    );
  }

  async #uploadMaster(source: SourceFile): Promise<string> {
    const { target, map, writesStarts, signal } = this.#options;
    const { fileId: start, kind } = source.file;
    if (!writesStarts) return await target.copy(source, undefined, signal);
    const { size, crc32 } = source;
    await map.append({ start, at: Date.now(), size, crc32, appender: kind === 'appender' });
    try {
      return await target.copy(source, undefined, signal);
    } catch (error) {
      // Nothing was left in the target, so the next run need not look for it.
      const { orphan, maybeApplied } = error as { orphan?: string; maybeApplied?: boolean };
      if (orphan === undefined && !maybeApplied) await map.append({ cancel: start });
      throw error;
    }
  }

  async #copySlave(file: ListedFile, copies: Map<string, Copied>): Promise<void> {
    const parent = findParent(file, copies);
    if (!parent) {
      const message = `${file.fileId} cannot be copied: its master was not, or its name is too long for a slave`;
      throw new FastDFSError('FASTDFS_NOT_SUPPORTED', message, { fileId: file.fileId });
    }
    const { target, signal } = this.#options;
    await this.#attempt(file, (source) => target.copy(source, parent, signal), copies);
  }

  /** A file that changes while it is copied is copied again, once. */
  async #attempt(
    file: ListedFile,
    copy: (source: SourceFile) => Promise<string>,
    copies: Map<string, Copied>,
  ): Promise<void> {
    const { access, map, report, signal } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        const source = await readSource(access.client, file, signal);
        const to = await copy(source);
        const { size, crc32 } = source;
        await map.append({ from: file.fileId, to, size, crc32 });
        copies.set(file.fileId, { to, size });
        report.copied++;
        report.bytes += size;
        return;
      } catch (error) {
        signal.throwIfAborted();
        // Removed since it was listed.
        if (isAbsent(error) && !(await access.client.exists(file.fileId, { signal }))) return;
        const { code } = error as { code?: string };
        const moving = code === 'FASTDFS_CHECKSUM_MISMATCH' || code === 'FASTDFS_SIZE_MISMATCH';
        if (attempt === 2 || !moving) throw error;
        await sleep(SECOND_ATTEMPT_MS, signal);
      }
    }
  }

  async #update(file: ListedFile, copies: Map<string, Copied>): Promise<void> {
    const { access, target, map, report, signal } = this.#options;
    const { to, size: copied } = copies.get(file.fileId)!;
    try {
      const { size } = await access.client.stat(file.fileId, { source: 'server', signal });
      if (size === copied) return;
    } catch (error) {
      if (isAbsent(error)) return;
      throw error;
    }
    const source = await readSource(access.client, file, signal);
    await target.update(to, source, signal);
    await map.append({ from: file.fileId, to, size: source.size, crc32: source.crc32 });
    report.updated++;
  }
}

/** Its master's copy, or that of a slave whose name it continues. */
function findParent({ fileId, slaveOf }: ListedFile, copies: Map<string, Copied>): ParentCopy | undefined {
  const master = copies.get(slaveOf!);
  const direct = master && splitSlaveName(fileId, slaveOf!, true);
  if (direct) return { to: master.to, ...direct };
  for (const [from, { to }] of copies) {
    if (from === fileId || from === slaveOf) continue;
    const name = splitSlaveName(fileId, from, false);
    if (name && name.prefix !== '') return { to, ...name };
  }
  return undefined;
}
