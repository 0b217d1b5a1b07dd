/**
 * Lines about files, split by a hash of the name into parts that fit in memory, on disk where they are many. A master and its
 * slaves are in the same part, so that millions of files can be joined in a few MiB.
 */
import { isAscii } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PARTS = 32;
/** A part is written to disk in pieces of at most this many bytes. */
const PIECE_BYTES = 16 * 1024;
const MAX_PART_BYTES = 1024 * 1024;
/** In UTF-8 a character is three bytes at most. */
const MAX_LINE_CHARS = PIECE_BYTES / 3 - 1;
/** Lines of one key cannot be split; deeper levels would not end. */
const MAX_LEVEL = 4;
const READ_BYTES = 64 * 1024;
/** Lines that are given out at a time have about this many bytes: few enough for the youngest objects of the heap. */
const GROUP_BYTES = 2 * 1024;
/** `M00/00/00/`: what storages and store paths have in common says nothing. */
const FOLDER_BYTES = 10;
/** Bytes of a name behind its folders that a master and its slaves share. */
const KEY_BYTES = 27;
const LF = 0x0a;
const SLASH = 0x2f;
const NOTHING = Buffer.alloc(0);

interface Part {
  /** The piece that is not on disk yet. */
  readonly piece: Buffer;
  length: number;
  file: FileHandle | undefined;
  /** Where the file is, if it still has a name. */
  path: string | undefined;
  bytes: number;
}

/** The first slash of a line ends the group of the file that it is about. */
export class LinePartitions {
  readonly #level: number;
  readonly #maxPartBytes: number;
  readonly #parts: Part[];
  /** One line that is added as text. */
  #line = NOTHING;
  /** A part that is read from disk. */
  #buffer = NOTHING;

  /** @param maxPartBytes a larger part is split again */
  constructor(maxPartBytes = MAX_PART_BYTES, level = 0) {
    this.#level = level;
    this.#maxPartBytes = maxPartBytes;
    const memory = Buffer.allocUnsafeSlow(PARTS * PIECE_BYTES);
    this.#parts = Array.from({ length: PARTS }, (_, index) => ({
      piece: memory.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES),
      length: 0,
      file: undefined,
      path: undefined,
      bytes: 0,
    }));
  }

  /** Adds a line. Await what is returned before the next one: a full piece goes to disk. */
  add(line: string): Promise<void> | undefined {
    if (line.length > MAX_LINE_CHARS) throw new Error(`A line of ${line.length} characters is too long`);
    if (this.#line.length === 0) this.#line = Buffer.allocUnsafeSlow(PIECE_BYTES);
    return this.addBytes(NOTHING, this.#line, 0, this.#line.write(line));
  }

  /**
   * Adds a line that is the bytes of `prefix` and those from `start` to `end`. They may be overwritten when what is returned
   * has been awaited.
   * @param prefix empty, or all before the name of the file
   */
  addBytes(prefix: Buffer, bytes: Buffer, start: number, end: number): Promise<void> | undefined {
    const nameStart = prefix.length > 0 ? start : bytes.indexOf(SLASH, start) + 1;
    const part = this.#parts[hashKey(bytes, nameStart, end, this.#level) % PARTS]!;
    if (part.length + prefix.length + (end - start) < PIECE_BYTES) {
      append(part, prefix, bytes, start, end);
      return undefined;
    }
    return this.#flush(part).then(() => append(part, prefix, bytes, start, end));
  }

  /**
   * Yields all lines, a few hundred at a time: what has the same key together, in the order in which it was added. Disk space is
   * freed on the way.
   */
  async *read(): AsyncGenerator<string[], void, undefined> {
    for (const part of this.#parts) {
      if (part.file && part.bytes + part.length > this.#maxPartBytes && this.#level < MAX_LEVEL) {
        await this.#flush(part);
        yield* this.#split(part);
      } else if (part.length > 0 || part.file) {
        const bytes = await this.#readAll(part);
        await discard(part);
        yield* splitLines(bytes);
      }
    }
  }

  /** Removes all lines; others can be added then. */
  async close(): Promise<void> {
    for (const part of this.#parts) await discard(part);
  }

  async #flush(part: Part): Promise<void> {
    if (!part.file) await create(part);
    for (let written = 0; written < part.length; ) {
      const { bytesWritten } = await part.file!.write(part.piece, written, part.length - written, part.bytes);
      written += bytesWritten;
      part.bytes += bytesWritten;
    }
    part.length = 0;
  }

  async #readAll(part: Part): Promise<Buffer> {
    const size = part.bytes + part.length;
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafeSlow(size + PIECE_BYTES);
    for (let at = 0; at < part.bytes; ) at += await read(part, this.#buffer, at, part.bytes - at, at);
    part.piece.copy(this.#buffer, part.bytes, 0, part.length);
    return this.#buffer.subarray(0, size);
  }

  async *#split(part: Part): AsyncGenerator<string[], void, undefined> {
    const finer = new LinePartitions(this.#maxPartBytes, this.#level + 1);
    try {
      const buffer = Buffer.allocUnsafeSlow(READ_BYTES + PIECE_BYTES);
      let held = 0;
      for (let at = 0; at < part.bytes; ) {
        const bytesRead = await read(part, buffer, held, READ_BYTES, at);
        at += bytesRead;
        const filled = buffer.subarray(0, held + bytesRead);
        let start = 0;
        for (let end = filled.indexOf(LF); end >= 0; end = filled.indexOf(LF, start)) {
          const full = finer.addBytes(NOTHING, filled, start, end);
          if (full) await full;
          start = end + 1;
        }
        held = filled.copy(buffer, 0, start);
      }
      await discard(part);
      yield* finer.read();
    } finally {
      await finer.close();
    }
  }
}

function append(part: Part, prefix: Buffer, bytes: Buffer, start: number, end: number): void {
  const { piece } = part;
  let to = part.length;
  for (let at = 0; at < prefix.length; at++) piece[to++] = prefix[at]!;
  for (let at = start; at < end; at++) piece[to++] = bytes[at]!;
  piece[to++] = LF;
  part.length = to;
}

/**
 * Strings live long when there are many at a time, and much memory is needed to collect those. So do arrays: the lines of a group are
 * a list in typed ones, which are not on the heap.
 */
function* splitLines(bytes: Buffer): Generator<string[], void, undefined> {
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  const count = countLines(bytes);
  const starts = new Int32Array(count + 1);
  /** By line the next one of its group; lines are counted from 1. */
  const next = new Int32Array(count + 1);
  const groups = Math.ceil(bytes.length / GROUP_BYTES);
  const first = new Int32Array(groups);
  const last = new Int32Array(groups);
  for (let line = 1, start = 0; line <= count; line++) {
    const end = bytes.indexOf(LF, start);
    const nameStart = bytes.indexOf(SLASH, start) + 1;
    const group = hashKey(bytes, nameStart, end, MAX_LEVEL + 1) % groups;
    starts[line] = start;
    if (first[group] === 0) first[group] = line;
    next[last[group]!] = line;
    last[group] = line;
    start = end + 1;
  }
  for (let group = 0; group < groups; group++) {
    const lines: string[] = [];
    for (let line = first[group]!; line > 0; line = next[line]!) {
      const start = starts[line]!;
      lines.push(bytes.toString(encoding, start, bytes.indexOf(LF, start)));
    }
    if (lines.length > 0) yield lines;
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, end + 1)) count++;
  return count;
}

async function read({ file }: Part, into: Buffer, at: number, length: number, from: number): Promise<number> {
  const { bytesRead } = await file!.read(into, at, length, from);
  if (bytesRead === 0) throw new Error('A temporary file is shorter than what was written to it');
  return bytesRead;
}

/** Without a name, where the system allows that, nothing stays when the process is killed. */
async function create(part: Part): Promise<void> {
  const file = path.join(tmpdir(), `fastdfs-list-${randomBytes(8).toString('hex')}`);
  part.file = await open(file, 'wx+', 0o600);
  part.path = file;
  if (process.platform === 'win32') return;
  await unlink(file);
  part.path = undefined;
}

async function discard(part: Part): Promise<void> {
  const { file, path: name } = part;
  Object.assign(part, { length: 0, file: undefined, path: undefined, bytes: 0 });
  await file?.close();
  if (name !== undefined) await unlink(name);
}

/** FNV-1a, with another start on each level. */
function hashKey(bytes: Buffer, nameStart: number, end: number, level: number): number {
  let value = 0x811c_9dc5 ^ Math.imul(level + 1, 0x9e37_79b1);
  const start = nameStart + FOLDER_BYTES;
  const stop = Math.min(start + KEY_BYTES, end);
  for (let at = start; at < stop; at++) value = Math.imul(value ^ bytes[at]!, 0x0100_0193);
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b_3c6d) >>> 7;
}
