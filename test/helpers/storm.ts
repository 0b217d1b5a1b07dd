/**
 * Everything at once: uploads, downloads, appends and deletes of random sizes, any of which may be aborted or
 * disturbed. The storm knows what every file must hold, and what became of each call; whatever does not fit is a finding.
 */
import { type FastDFSClient, FastDFSError } from '../../src/index.js';
import { bytes, pieces } from './bytes.js';
import { Random } from './random.js';
import { type Call, DOWNLOADS, type Part, sendUpload, UPLOADS } from './storm-calls.js';

export interface StormOptions {
  seed: number;
  operations: number;
  concurrency: number;
  maxBytes: number;
  clients: readonly FastDFSClient[];
  /** Share of the calls that are aborted at some moment. */
  aborts: number;
  /** Before each call: may break something. Without it no call may fail unless it was aborted. */
  disturb?: (random: Random) => void;
  /** Ends the storm before all operations are done. */
  stopped?: () => boolean;
  group?: string;
  /**
   * Servers are killed: while one is away its files may not be found, and one that dies in the middle of an append may
   * keep the first part of the block. In a `replicated` group trackers then name another storage for the file, which may
   * not have its latest blocks yet: reads of appender files are of an earlier state, and appends make the copies differ.
   * That is counted, for appender files alone.
   */
  outages?: 'single' | 'replicated';
}

/** A file as it must be. */
interface StoredFile {
  readonly id: string;
  readonly appender: boolean;
  parts: Part[];
  users: number;
  locked: boolean;
  /** An append whose outcome is unknown; the file is not used from then on. */
  maybe?: Part;
  maybeDeleted?: boolean;
}

export type Kind = 'upload' | 'given up' | 'download' | 'append' | 'delete';

export interface StormReport {
  calls: number;
  /** Calls that succeeded, and all of them, by what they were to do. */
  kinds: Record<Kind, { done: number; calls: number }>;
  done: number;
  aborted: number;
  failed: number;
  /** Failed uploads that reported that the file may exist, or that named the file they left. */
  mayHaveLeft: number;
  bytes: number;
  errors: Record<string, number>;
  /** What must not happen, in words. */
  findings: string[];
  slowestMs: number;
  /** Appender files in a replicated group whose source was away: reads of another state, and copies that differ. */
  stale: number;
  diverged: number;
}

type Outcome = { done: true; value?: unknown } | { done: false; error: unknown; aborted: boolean };

export class Storm {
  readonly files = new Map<string, StoredFile>();
  readonly deleted = new Set<string>();
  readonly report: StormReport = {
    calls: 0,
    kinds: noCalls(),
    done: 0,
    aborted: 0,
    failed: 0,
    mayHaveLeft: 0,
    bytes: 0,
    errors: {},
    findings: [],
    slowestMs: 0,
    stale: 0,
    diverged: 0,
  };
  readonly #options: StormOptions;
  readonly #random: Random;
  #contents = 0;

  constructor(options: StormOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<StormReport> {
    const { operations, concurrency, stopped } = this.#options;
    const worker = async () => {
      while (this.report.calls < operations && !stopped?.()) await this.#step();
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    return this.report;
  }

  /**
   * Reads back every file; returns how many held exactly what they must.
   * @param patienceMs how long a file may stay unreadable while servers find together again
   */
  async verify(client: FastDFSClient, patienceMs = 0): Promise<number> {
    let right = 0;
    const left = [...this.files.values()];
    const deadline = performance.now() + patienceMs;
    const worker = async () => {
      for (let file = left.pop(); file; file = left.pop())
        if (await this.#isRight(client, file, deadline)) right++;
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return right;
  }

  async #isRight(client: FastDFSClient, file: StoredFile, deadline: number): Promise<boolean> {
    let content: Buffer;
    try {
      content = await client.download(file.id);
    } catch (error) {
      if (file.maybeDeleted && (error as FastDFSError).code === 'FASTDFS_NOT_FOUND') return true;
      if (performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        return await this.#isRight(client, file, deadline);
      }
      this.#finding(`${file.id} is acknowledged and cannot be read: ${String(error)}`);
      return false;
    }
    const certain = contentOf(file.parts);
    if (content.equals(certain)) return true;
    const mayDiffer = this.#mayDiffer(file);
    if (file.maybe) {
      const more = contentOf([...file.parts, file.maybe]);
      if (content.equals(more)) return true;
      const torn = content.length > certain.length && more.subarray(0, content.length).equals(content);
      if (torn && this.#options.outages) return true;
    }
    if (mayDiffer && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      return await this.#isRight(client, file, deadline);
    }
    if (mayDiffer) this.report.diverged++;
    else this.#finding(`${file.id} holds ${content.length} other bytes than the ${certain.length} sent`);
    return false;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    this.#options.disturb?.(random);
    const roll = random.next();
    if (roll < 0.4) return await this.#upload();
    if (roll < 0.78) return await this.#download();
    if (roll < 0.9) return await this.#append();
    return await this.#delete();
  }

  async #upload(): Promise<void> {
    const random = this.#random;
    const part = this.#part(random.size(this.#options.maxBytes));
    const kind = random.pick(UPLOADS);
    const { group } = this.#options;
    const outcome = await this.#call(kind === 'destroyed' ? 'given up' : 'upload', (call) =>
      sendUpload(kind, { ...call, random, content: contentOf([part]), ...(group ? { group } : {}) }),
    );
    if (!outcome.done) {
      const error = outcome.error as Partial<FastDFSError>;
      if (error.maybeApplied || error.orphan || outcome.aborted) this.report.mayHaveLeft++;
      return;
    }
    const id = outcome.value as string | undefined;
    if (id === undefined) return;
    if (this.files.has(id) || this.deleted.has(id)) this.#finding(`${id} was returned twice`);
    this.report.bytes += part.size;
    this.files.set(id, { id, appender: kind === 'appender', parts: [part], users: 0, locked: false });
  }

  async #download(): Promise<void> {
    const file = this.#choose((each) => !each.locked && !each.maybe && !each.maybeDeleted);
    if (!file) return;
    file.users++;
    const whole = contentOf(file.parts);
    const random = this.#random;
    const kind = random.pick(DOWNLOADS);
    const outcome = await this.#call('download', async (call) => {
      const { wanted, got } = await kind({ ...call, random, content: whole, fileId: file.id });
      if (got.equals(wanted)) this.report.bytes += got.length;
      else if (this.#mayDiffer(file)) this.report.stale++;
      else this.#finding(`${file.id}: ${got.length} bytes came that are not the ${wanted.length} stored`);
    });
    file.users--;
    const status = outcome.done ? 0 : (outcome.error as { serverStatus?: number })?.serverStatus;
    if (status === 2 && !this.#options.outages) this.#finding(`${file.id} was not found while it was there`);
  }

  async #append(): Promise<void> {
    const file = this.#choose((each) => each.appender && this.#free(each));
    if (!file) return;
    file.locked = true;
    const part = this.#part(this.#random.int(1, 64 * 1024));
    const content = contentOf([part]);
    const streamed = this.#random.chance(0.3);
    const outcome = await this.#call('append', ({ client, signal }) =>
      client.append(file.id, streamed ? pieces(content, 5000) : content, signal ? { signal } : {}),
    );
    if (outcome.done) file.parts.push(part);
    else if (outcome.aborted || (outcome.error as FastDFSError).maybeApplied) file.maybe = part;
    file.locked = false;
  }

  async #delete(): Promise<void> {
    const file = this.#choose((each) => this.#free(each));
    if (!file) return;
    file.locked = true;
    const outcome = await this.#call('delete', ({ client, signal }) =>
      client.delete(file.id, signal ? { signal } : {}),
    );
    if (outcome.done) {
      this.files.delete(file.id);
      this.deleted.add(file.id);
    } else if (outcome.aborted || (outcome.error as FastDFSError).maybeApplied) file.maybeDeleted = true;
    file.locked = false;
  }

  /** Runs one call, aborted at some moment or not, and keeps the books. */
  async #call(kind: Kind, run: (call: Call) => Promise<unknown>): Promise<Outcome> {
    this.report.calls++;
    this.report.kinds[kind].calls++;
    const random = this.#random;
    const client = random.pick(this.#options.clients);
    const abort = random.chance(this.#options.aborts) ? new AbortController() : undefined;
    const reason = new Error('changed my mind');
    const timer = abort && setTimeout(() => abort.abort(reason), random.int(0, 12));
    const started = performance.now();
    try {
      const value = await run({ client, signal: abort?.signal });
      this.report.done++;
      this.report.kinds[kind].done++;
      return { done: true, value };
    } catch (error) {
      const aborted = abort?.signal.aborted === true;
      if (aborted) this.report.aborted++;
      else this.report.failed++;
      this.#judge(error, aborted, reason);
      return { done: false, error, aborted };
    } finally {
      clearTimeout(timer);
      this.report.slowestMs = Math.max(this.report.slowestMs, performance.now() - started);
    }
  }

  #judge(error: unknown, aborted: boolean, reason: Error): void {
    const code = error instanceof FastDFSError ? error.code : String((error as Error)?.name);
    if (!aborted) this.report.errors[code] = (this.report.errors[code] ?? 0) + 1;
    if (error === reason && aborted) return;
    if (!(error instanceof FastDFSError)) this.#finding(`an untyped error: ${(error as Error)?.stack}`);
    else if (!aborted && !this.#options.disturb)
      this.#finding(`a failure that nobody caused: ${code} ${error.message}`);
  }

  /** A few tries at random, so that a choice costs the same however many files there are. */
  #choose(fits: (file: StoredFile) => boolean): StoredFile | undefined {
    const all = this.#random.next();
    const list = [...this.files.values()];
    for (let at = 0; at < Math.min(50, list.length); at++) {
      const file = list[(Math.floor(all * list.length) + at) % list.length]!;
      if (fits(file)) return file;
    }
    return undefined;
  }

  #mayDiffer(file: StoredFile): boolean {
    return this.#options.outages === 'replicated' && file.appender && (file.parts.length > 1 || !!file.maybe);
  }

  #free(file: StoredFile): boolean {
    return !file.locked && file.users === 0 && !file.maybe && !file.maybeDeleted;
  }

  #part(size: number): Part {
    return { size, seed: ++this.#contents };
  }

  #finding(text: string): void {
    if (this.report.findings.length < 20)
      this.report.findings.push(`${text} (TEST_SEED=${this.#options.seed})`);
  }
}

export function noCalls(): StormReport['kinds'] {
  const none = () => ({ done: 0, calls: 0 });
  return { upload: none(), 'given up': none(), download: none(), append: none(), delete: none() };
}

function contentOf(parts: readonly Part[]): Buffer {
  if (parts.length === 1) return bytes(parts[0]!.size, parts[0]!.seed);
  return Buffer.concat(parts.map(({ size, seed }) => bytes(size, seed)));
}
