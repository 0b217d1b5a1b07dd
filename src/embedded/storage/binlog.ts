/**
 * What has changed on one storage, in order: one line a change, as `time op name[ rest]`. Capital letters are changes by
 * clients, small ones what another storage sent. It serves the replication and the listing of files (command 26).
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { refuseUnless, STATUS } from '../wire/status.js';

/** Create, append, delete, update (metadata), modify, truncate, rename. */
export type Operation = 'C' | 'A' | 'D' | 'U' | 'M' | 'T' | 'R';

export interface BinlogRecord {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly operation: Operation;
  /** Remote filename, of the file or of its metadata file. */
  readonly name: string;
  /** Offset and length of A and M, old and new size of T, old name of R. */
  readonly rest: readonly string[];
}

export interface PlacedRecord extends BinlogRecord {
  /** Position behind its line. */
  readonly end: number;
}

const READ_BYTES = 64 * 1024;

export class Binlog {
  readonly #directory: string;
  #file: number;
  #length: number;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
    this.#file = openSync(join(directory, 'binlog'), 'a+');
    this.#length = fstatSync(this.#file).size;
    this.#completeLine();
  }

  /** Bytes so far: a position from which reading can go on. */
  get length(): number {
    return this.#length;
  }

  /** @throws Refused (28) on a full disk, and leaves no part of the line */
  append({ at, operation, name, rest }: BinlogRecord, replica = false): void {
    const letter = replica ? operation.toLowerCase() : operation;
    const line = Buffer.from(`${[at, letter, name, ...rest].join(' ')}\n`);
    const written = writeSync(this.#file, line);
    if (written < line.length) ftruncateSync(this.#file, this.#length);
    refuseUnless(written === line.length, STATUS.NO_SPACE);
    this.#length += written;
  }

  /** Reads the lines from a position on, in blocks. Lines that are added meanwhile are not read. */
  async *lines(from = 0): AsyncGenerator<string[]> {
    const end = this.#length;
    const block = Buffer.allocUnsafe(READ_BYTES);
    let rest = '';
    for (let at = from; at < end; ) {
      const bytes = readSync(this.#file, block, 0, Math.min(block.length, end - at), at);
      if (bytes === 0) return;
      at += bytes;
      const lines = (rest + block.toString('latin1', 0, bytes)).split('\n');
      rest = lines.pop()!;
      yield lines;
      await setImmediate();
    }
  }

  /**
   * Reads the changes by clients from a position on: what another storage has not received yet. One block at a time; `end` is
   * where the next one begins, `from` itself behind the last line.
   */
  readRecords(from: number): { records: PlacedRecord[]; end: number } {
    if (this.#file < 0) return { records: [], end: from };
    const block = Buffer.allocUnsafe(Math.max(Math.min(READ_BYTES, this.#length - from), 0));
    const text = block.toString('latin1', 0, readSync(this.#file, block, 0, block.length, from));
    const records: PlacedRecord[] = [];
    let end = from;
    for (const line of text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)) {
      end += line.length + 1;
      const [at = '', operation = '', name, ...rest] = line.split(' ');
      if (name === undefined || !/^[A-Z]$/.test(operation)) continue;
      records.push({ at: Number(at), operation: operation as Operation, name, rest, end });
    }
    return { records, end };
  }

  /** How far another storage had received the changes; undefined when that was never recorded. */
  readMark(peer: string): number | undefined {
    const file = this.#markFile(peer);
    if (!existsSync(file)) return undefined;
    const mark = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(mark) && mark >= 0 && mark <= this.#length ? mark : 0;
  }

  writeMark(peer: string, position: number): void {
    writeFileSync(this.#markFile(peer), String(position));
  }

  /** Forgets every change. */
  clear(): void {
    this.close();
    rmSync(this.#directory, { recursive: true, force: true });
    mkdirSync(this.#directory, { recursive: true });
    this.#file = openSync(join(this.#directory, 'binlog'), 'a+');
    this.#length = 0;
  }

  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  /** A process that was killed may have left half a line. */
  #completeLine(): void {
    if (this.#length === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#file, last, 0, 1, this.#length - 1);
    if (last[0] !== 0x0a) this.#length += writeSync(this.#file, '\n');
  }

  #markFile(peer: string): string {
    return join(this.#directory, `${peer}.mark`);
  }
}
