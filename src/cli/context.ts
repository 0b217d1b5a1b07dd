/** What every command has at hand: the cluster, the two outputs, and a signal that ends it. */
import { inspect } from 'node:util';
import type { FastDFSAdmin, FastDFSClient, FastDFSOptions, StorageRecord } from '../index.js';
import { type ClusterOptions, chooseCluster, chooseMapping } from './cluster-choice.js';
import { describeError, EXIT, exitCodeFor, explain, isQuiet } from './exit.js';
import { localize, words } from './language.js';
import { type Paint, painter } from './paint.js';
import type { Measure } from './progress.js';
import { writeKept } from './results.js';

export interface GlobalOptions extends ClusterOptions {
  json?: boolean;
  verbose?: boolean;
  quiet?: boolean;
}

/** Runs a command with what its definition says. Returns its exit code, where it is not that of its failures. */
export type Work = (context: Context) => Promise<number | undefined>;

/** Prints what became of an item; called in the order of the items. */
export type Report = () => void;

export class Context {
  readonly options: GlobalOptions;
  /** Aborts when the program is interrupted, or its output is no longer read. */
  readonly signal: AbortSignal;
  readonly paint: Paint = painter(process.stdout);
  /** Set when content goes to standard output: results then go beside it. */
  contentOnStdout = false;
  readonly #exitCodes = new Set<number>();
  #client: Promise<FastDFSClient> | undefined;

  constructor(options: GlobalOptions, signal: AbortSignal) {
    this.options = options;
    this.signal = signal;
  }

  /** Creates the client when first called; it is closed at the end. */
  client(): Promise<FastDFSClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Of the same client, so that closing that one is enough. */
  async admin(): Promise<FastDFSAdmin> {
    const { FastDFSAdmin } = await import('../index.js');
    return new FastDFSAdmin(await this.client());
  }

  /** The storages of a group, or of all. */
  async listStorages(admin: FastDFSAdmin, group: string | undefined): Promise<StorageRecord[]> {
    const { signal } = this;
    const names =
      group === undefined ? (await admin.listGroups({ signal })).map(({ name }) => name) : [group];
    return (await Promise.all(names.map((name) => admin.listStorages(name, { signal })))).flat();
  }

  /** The options of the cluster, with the mapping of the command line. */
  async clusterOptions(): Promise<FastDFSOptions> {
    const choice = chooseCluster(this.options);
    const mapping = chooseMapping(this.options);
    const options = 'conf' in choice ? await this.#loadConf(choice.conf) : choice;
    return mapping === undefined ? options : { ...options, mapAddress: mapping };
  }

  /** Prints a result: one JSON document on a line of its own, or lines of text. */
  print(document: unknown, lines: string | readonly string[]): void {
    if (!this.options.json) {
      if (!this.contentOnStdout) for (const line of [lines].flat()) process.stdout.write(`${line}\n`);
      return;
    }
    const stream = this.contentOnStdout ? process.stderr : process.stdout;
    stream.write(`${toJson(document)}\n`);
  }

  /** As {@link print}, for what must not be lost with the output, such as the ids of files that are stored now. */
  printKept(document: unknown, line: string): void {
    writeKept(this.options.json ? toJson(document) : line);
  }

  warn(message: string): void {
    process.stderr.write(`fdfs: ${message}\n`);
  }

  /** Reports an error; as JSON on standard output, too. The command may go on. */
  fail(error: unknown, about: Record<string, unknown> = {}): void {
    const exitCode = exitCodeFor(error);
    this.#exitCodes.add(exitCode);
    if (isQuiet(error)) return;
    this.warn(explain(error, words()));
    if (this.options.verbose) process.stderr.write(`${inspect(error)}\n`);
    if (this.options.json) this.print({ ...about, error: { ...describeError(error), exitCode } }, []);
  }

  /**
   * Works on each item; those that fail are reported and do not stop the rest.
   * @param jobs how many at a time; reports keep the order of the items all the same
   * @param failed the line for an item that failed, where each item has a line
   */
  async each<Item>(
    items: Iterable<Item> | AsyncIterable<Item>,
    describe: (item: Item) => Record<string, unknown>,
    work: (item: Item) => Promise<Report | undefined>,
    { jobs = 1, failed }: { jobs?: number | undefined; failed?: (item: Item) => string } = {},
  ): Promise<void> {
    const running: Array<Promise<Report | undefined>> = [];
    const start = async (item: Item): Promise<Report | undefined> => {
      try {
        this.signal.throwIfAborted();
        return await work(item);
      } catch (error) {
        if (this.signal.aborted) return undefined;
        return () => {
          this.fail(error, describe(item));
          if (failed && !this.options.json) this.print({}, failed(item));
        };
      }
    };
    for await (const item of items) {
      if (this.signal.aborted) break;
      running.push(start(item));
      if (running.length >= jobs) (await running.shift())?.();
    }
    for (const each of running) (await each)?.();
    this.signal.throwIfAborted();
  }

  /** Returns the same promise; on a terminal, progress is shown until it is settled. */
  async progress<T>(label: string, measure: () => Measure, work: Promise<T>): Promise<T> {
    const crowded = this.contentOnStdout && process.stdout.isTTY;
    if (!process.stderr.isTTY || this.options.json || this.options.quiet || crowded) return await work;
    // A failure during the import must not become an unhandled rejection.
    work.catch(() => undefined);
    const { withProgress } = await import('./progress.js');
    return await withProgress(process.stderr, label, measure, work);
  }

  /** Of all that failed. */
  get exitCode(): number {
    const [first = EXIT.ok, ...others] = this.#exitCodes;
    return others.length === 0 ? first : EXIT.failed;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }

  async #connect(): Promise<FastDFSClient> {
    const options = await this.clusterOptions();
    const { createClient } = await import('../index.js');
    return createClient(options);
  }

  async #loadConf(path: string): Promise<FastDFSOptions> {
    const { loadConfig } = await import('../index.js');
    const { options, warnings, mistakes } = loadConfig(path);
    if (this.options.quiet) return options;
    for (const warning of this.options.verbose ? warnings : mistakes)
      this.warn(localize('warning: {problem}', { problem: words().translate(warning) }));
    return options;
  }
}

function toJson(document: unknown): string {
  return JSON.stringify(document, (_, value) => (value instanceof Error ? describeError(value) : value));
}
