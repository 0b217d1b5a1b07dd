/** What every command has at hand: the cluster, the two outputs, and a signal that ends it. */
import { inspect } from 'node:util';
import type { FastDFSAdmin, FastDFSClient } from '../index.js';
import { type ClusterOptions, chooseCluster } from './cluster-choice.js';
import { describeError, EXIT, exitCodeOf, explain, isQuiet } from './exit.js';
import type { Measure } from './progress.js';
import { type Paint, painter } from './table.js';

export interface GlobalOptions extends ClusterOptions {
  json?: boolean;
  verbose?: boolean;
}

/** What a command does, given what the command line says. Its exit code, where it is not that of its failures. */
export type Work = (context: Context) => Promise<number | undefined>;

export class Context {
  readonly options: GlobalOptions;
  /** Aborts when somebody ends the program, or stops reading what it writes. */
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

  /** Made when first asked for; closed at the end. */
  client(): Promise<FastDFSClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Of the same client, so that closing that one is enough. */
  async admin(): Promise<FastDFSAdmin> {
    const { FastDFSAdmin } = await import('../index.js');
    return new FastDFSAdmin(await this.client());
  }

  /** A result: one JSON document on a line of its own, or lines of text. */
  print(document: unknown, lines: string | readonly string[]): void {
    if (!this.options.json) {
      if (!this.contentOnStdout) for (const line of [lines].flat()) process.stdout.write(`${line}\n`);
      return;
    }
    const stream = this.contentOnStdout ? process.stderr : process.stdout;
    stream.write(
      `${JSON.stringify(document, (_, value) => (value instanceof Error ? describeError(value) : value))}\n`,
    );
  }

  warn(message: string): void {
    process.stderr.write(`fdfs: ${message}\n`);
  }

  /** Tells an error, on standard output as well where a machine listens there. The command may go on. */
  fail(error: unknown, about: Record<string, unknown> = {}): void {
    const exitCode = exitCodeOf(error);
    this.#exitCodes.add(exitCode);
    if (isQuiet(error)) return;
    this.warn(explain(error));
    if (this.options.verbose) process.stderr.write(`${inspect(error)}\n`);
    if (this.options.json) this.print({ ...about, error: { ...describeError(error), exitCode } }, []);
  }

  /** One after the other; those that fail are told and do not stop the rest. */
  async each(items: readonly string[], name: string, work: (item: string) => Promise<void>): Promise<void> {
    for (const item of items) {
      try {
        this.signal.throwIfAborted();
        await work(item);
      } catch (error) {
        if (this.signal.aborted) throw this.signal.reason;
        this.fail(error, { [name]: item });
      }
    }
  }

  /** The same promise; on a terminal, progress is shown until it is settled. */
  async progress<T>(label: string, measure: () => Measure, work: Promise<T>): Promise<T> {
    const crowded = this.contentOnStdout && process.stdout.isTTY;
    if (!process.stderr.isTTY || this.options.json || crowded) return await work;
    // Whoever waits for the import must not leave the work unheard.
    work.catch(() => undefined);
    const { withProgress } = await import('./progress.js');
    return await withProgress(process.stderr, label, measure, work);
  }

  /** Of all that went wrong. */
  get exitCode(): number {
    const [first = EXIT.ok, ...others] = this.#exitCodes;
    return others.length === 0 ? first : EXIT.failed;
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    await client?.close();
  }

  async #connect(): Promise<FastDFSClient> {
    const choice = chooseCluster(this.options);
    const { createClient, loadConfig } = await import('../index.js');
    if (!('conf' in choice)) return createClient(choice);
    if (this.options.verbose) {
      for (const warning of loadConfig(choice.conf).warnings) this.warn(`warning: ${warning}`);
    }
    return createClient(choice.conf);
  }
}
