/**
 * Lines split by a hash of their key into parts that fit in memory, on disk where they are many. What has the same key is
 * in the same part, so that millions of names can be joined in a few MiB.
 */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PARTS = 64;
/** A part is written to disk in pieces of this many characters. */
const PIECE_CHARS = 32 * 1024;
const MAX_PART_BYTES = 3 * 1024 * 1024;
/** Lines of one key cannot be split; deeper levels would not end. */
const MAX_LEVEL = 4;
const READ_BYTES = 64 * 1024;

interface Part {
  lines: string[];
  chars: number;
  file: FileHandle | undefined;
  /** Where the file is, if it still has a name. */
  path: string | undefined;
  bytes: number;
}

/** Returns where in a line its key begins; the key ends `keyChars` later, or with the line. */
export type LocateKey = (line: string) => number;

export class LinePartitions {
  readonly #locateKey: LocateKey;
  readonly #keyChars: number;
  readonly #level: number;
  readonly #maxPartBytes: number;
  /** What is written to disk and read from it: one piece or part at a time. */
  #buffer = Buffer.alloc(0);
  readonly #parts: Part[] = Array.from({ length: PARTS }, createPart);
  #lines = 0;

  /** @param maxPartBytes a larger part is split again */
  constructor(locateKey: LocateKey, keyChars: number, maxPartBytes = MAX_PART_BYTES, level = 0) {
    this.#locateKey = locateKey;
    this.#keyChars = keyChars;
    this.#level = level;
    this.#maxPartBytes = maxPartBytes;
  }

  /** Lines added so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Adds a line of Latin-1 text. Await what is returned before the next one: a full piece goes to disk. */
  add(line: string): Promise<void> | undefined {
    const start = this.#locateKey(line);
    const part = this.#parts[hash(line, start, start + this.#keyChars, this.#level) % PARTS]!;
    this.#lines++;
    part.lines.push(line);
    part.chars += line.length + 1;
    return part.chars >= PIECE_CHARS ? this.#flush(part) : undefined;
  }

  /** Yields each part once, its lines in the order in which they were added, and frees its disk space. */
  async *read(): AsyncGenerator<string[], void, undefined> {
    for (const part of this.#parts) {
      if (part.file && part.bytes + part.chars > this.#maxPartBytes && this.#level < MAX_LEVEL) {
        await this.#flush(part);
        yield* this.#split(part);
      } else if (part.lines.length > 0 || part.file) {
        const lines = part.file ? (await this.#readAll(part)).concat(part.lines) : part.lines;
        await discard(part);
        yield lines;
      }
    }
  }

  /** Removes what is on disk. */
  async close(): Promise<void> {
    for (const part of this.#parts) await discard(part);
  }

  async #flush(part: Part): Promise<void> {
    if (part.lines.length === 0) return;
    const text = `${part.lines.join('\n')}\n`;
    part.lines = [];
    part.chars = 0;
    if (!part.file) await create(part);
    const buffer = this.#allocate(text.length);
    buffer.write(text, 'latin1');
    for (let written = 0; written < text.length; ) {
      const { bytesWritten } = await part.file!.write(buffer, written, text.length - written, part.bytes);
      written += bytesWritten;
      part.bytes += bytesWritten;
    }
  }

  async #readAll(part: Part): Promise<string[]> {
    const buffer = this.#allocate(part.bytes);
    for (let at = 0; at < part.bytes; ) {
      const { bytesRead } = await part.file!.read(buffer, at, part.bytes - at, at);
      if (bytesRead === 0) throw new Error('A temporary file is shorter than what was written to it');
      at += bytesRead;
    }
    const lines = buffer.toString('latin1', 0, part.bytes).split('\n');
    lines.pop();
    return lines;
  }

  #allocate(bytes: number): Buffer {
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * PIECE_CHARS));
    return this.#buffer;
  }

  async *#split(part: Part): AsyncGenerator<string[], void, undefined> {
    const finer = new LinePartitions(this.#locateKey, this.#keyChars, this.#maxPartBytes, this.#level + 1);
    try {
      let carry = '';
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (let at = 0; at < part.bytes; ) {
        const { bytesRead } = await part.file!.read(buffer, 0, READ_BYTES, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        const lines = (carry + buffer.toString('latin1', 0, bytesRead)).split('\n');
        carry = lines.pop()!;
        for (const line of lines) {
          const full = finer.add(line);
          if (full) await full;
        }
      }
      await discard(part);
      yield* finer.read();
    } finally {
      await finer.close();
    }
  }
}

function createPart(): Part {
  return { lines: [], chars: 0, file: undefined, path: undefined, bytes: 0 };
}

/** Without a name, where the system allows that, nothing stays when the process is killed. */
async function create(part: Part): Promise<void> {
  const file = path.join(tmpdir(), `fastdfs-list-${randomBytes(8).toString('hex')}`);
  part.file = await open(file, 'wx+', 0o600);
  part.path = file;
  if (process.platform === 'win32') return;
  await rm(file);
  part.path = undefined;
}

async function discard(part: Part): Promise<void> {
  const { file, path: name } = part;
  Object.assign(part, createPart());
  await file?.close();
  if (name !== undefined) await rm(name, { force: true });
}

/** FNV-1a, with another start on each level. */
function hash(line: string, start: number, end: number, level: number): number {
  let value = 0x811c_9dc5 ^ Math.imul(level + 1, 0x9e37_79b1);
  const stop = Math.min(end, line.length);
  for (let at = start; at < stop; at++) value = Math.imul(value ^ line.charCodeAt(at), 0x0100_0193);
  value ^= value >>> 15;
  return Math.imul(value, 0x2c1b_3c6d) >>> 7;
}
