/**
 * The map of a mirror: JSON lines, only ever appended to. A file that is about to be uploaded has a line of its own first, so
 * that a run that was killed leaves a trace of what it may have uploaded.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { ArgumentError } from '../../core/base/errors.js';
import type { MappedFile } from './types.js';

/** An upload that may have happened. */
export interface StartedUpload {
  readonly start: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly size: number;
  readonly crc32: number;
  readonly appender: boolean;
}

type MapLine = MappedFile | StartedUpload | { readonly cancel: string };

const SYNC_AFTER_LINES = 256;

export class IdMap {
  readonly #file: FileHandle;
  readonly #started: ReadonlyMap<string, StartedUpload>;
  /** The last write of those under way and to come. */
  #writing: Promise<void> = Promise.resolve();
  /** The write that takes further lines along. */
  #next: Promise<void> | undefined;
  #lines = '';
  #unsynced = 0;

  private constructor(file: FileHandle, started: ReadonlyMap<string, StartedUpload>) {
    this.#file = file;
    this.#started = started;
  }

  /**
   * Opens the map, creates it if there is none, and drops a last line that is not whole.
   * @param onMapped receives every copy in it
   * @throws ArgumentError for a file that is not an id map; errors of the file are Node's own
   */
  static async open(path: string, onMapped: (file: MappedFile) => Promise<void> | undefined): Promise<IdMap> {
    const file = await open(path, 'a+', 0o600);
    try {
      const started = new Map<string, StartedUpload>();
      let valid = 0;
      let number = 0;
      const whole = await endOfLastLine(file);
      if (whole > 0) {
        for await (const text of file.readLines({ start: 0, end: whole - 1, autoClose: false })) {
          number++;
          const line = parseLine(text, path, number);
          if ('start' in line) started.set(line.start, line);
          else if ('cancel' in line) started.delete(line.cancel);
          else {
            started.delete(line.from);
            const full = onMapped(line);
            if (full) await full;
          }
        }
        valid = whole;
      }
      await file.truncate(valid);
      return new IdMap(file, started);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Uploads of earlier runs whose end is not known. */
  get started(): ReadonlyMap<string, StartedUpload> {
    return this.#started;
  }

  /** Appends a line; it has been handed to the system when the promise resolves. */
  append(line: MapLine): Promise<void> {
    this.#lines += `${JSON.stringify(line)}\n`;
    this.#unsynced++;
    if (!this.#next) {
      this.#next = this.#writing.then(() => this.#write());
      this.#writing = this.#next;
    }
    return this.#writing;
  }

  async #write(): Promise<void> {
    const lines = this.#lines;
    this.#lines = '';
    this.#next = undefined;
    await this.#file.appendFile(lines);
    if (this.#unsynced >= SYNC_AFTER_LINES) await this.#sync();
  }

  async close(): Promise<void> {
    try {
      await this.#writing;
      await this.#sync();
    } finally {
      await this.#file.close();
    }
  }

  async #sync(): Promise<void> {
    this.#unsynced = 0;
    await this.#file.datasync();
  }
}

const TAIL_BYTES = 64 * 1024;

/** Where the last line break is: what follows was cut off by the end of a process. */
async function endOfLastLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const { bytesRead } = await file.read(tail, 0, tail.length, size - tail.length);
  return size - tail.length + tail.subarray(0, bytesRead).lastIndexOf('\n') + 1;
}

function parseLine(text: string, path: string, number: number): MapLine {
  try {
    const line = JSON.parse(text) as Record<string, unknown>;
    const key = line.from ?? line.start ?? line.cancel;
    if (typeof key === 'string' && (line.from === undefined || typeof line.to === 'string')) {
      return line as unknown as MapLine;
    }
  } catch {
    // Reported below.
  }
  throw new ArgumentError(`${path} is not an id map: line ${number} is ${JSON.stringify(text.slice(0, 80))}`);
}
