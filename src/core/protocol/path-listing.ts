/**
 * The files of one store path, as a storage reads them out of its log: text lines without announced length, then the
 * number of text bytes in 8 bytes, then the storage closes. PROTOCOL: 26 FETCH_ONE_PATH_BINLOG.
 */
import { ProtocolError, ServerError } from '../base/errors.js';
import { GROUP_BYTES, MAX_REMOTE_FILENAME, SHORTEST_NAME_LENGTH } from '../model/limits.js';
import { type Command, readResponseHeader } from './command.js';
import { HEADER_BYTES, RESPONSE_COMMAND, STATUS_OK } from './constants.js';
import { readInt64 } from './fields.js';

export interface PathListingArgs {
  readonly group: string;
  readonly storePathIndex: number;
}

/**
 * request: group 16, store path index 1 · reply: {@link PathListingDecoder}. The storage has to unpack compressed logs and to
 * look for each file on its disk, and is silent meanwhile.
 */
export const fetchOnePathBinlog: Command<PathListingArgs, void> = {
  to: 'storage',
  readOnly: true,
  shape: 'list',
  repeatable: true,
  maxReply: 0,
  name: 'FETCH_ONE_PATH_BINLOG',
  code: 26,
  hints: { 22: 'the storage is of another group, or has no store path of this index' },
  encode(writer, { group, storePathIndex }) {
    writer.fixed(group, GROUP_BYTES, 'Group name').byte(storePathIndex);
  },
  decode: () => undefined,
};

const COUNT_BYTES = 8;
/** Time, operation, and two names: the longest line that a storage can log has less. */
const MAX_LINE_BYTES = 512;
const NOTHING = Buffer.alloc(0);

/** Of the suffix `-m`. */
const METADATA_CHARS = 2;
const LF = 0x0a;
const SPACE = 0x20;
const SLASH = 0x2f;
const ZERO = 0x30;
const CAPITAL_M = 0x4d;
const DELETE = 0x7f;
/** The bit that makes a letter small. */
const SMALL = 0x20;

/** Splits the stream into whole lines and checks the count at its end. Holds at most one line, 8 bytes and a chunk. */
export class PathListingDecoder {
  #buffer = NOTHING;
  /**
   * What is held in the buffer begins here: the header; later the beginning of a line, and the last bytes, which are the count
   * when nothing follows.
   */
  #start = 0;
  #end = 0;
  #headerRead = false;
  #textBytes = 0;

  /** True once the storage has accepted the request. */
  get started(): boolean {
    return this.#headerRead;
  }

  /** Bytes of whole lines decoded so far. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /**
   * Returns the lines that end in this chunk, each with its line break, as bytes that the next call overwrites.
   * @throws ServerError for a refusal; ProtocolError when the server is not a FastDFS storage
   */
  push(chunk: Buffer): Buffer {
    this.#hold(chunk);
    if (!this.#headerRead) {
      if (this.#end < HEADER_BYTES) return NOTHING;
      checkHeader(this.#buffer.subarray(0, HEADER_BYTES));
      this.#headerRead = true;
      this.#start = HEADER_BYTES;
    }
    const textEnd = this.#end - COUNT_BYTES;
    const linesEnd = textEnd > this.#start ? this.#buffer.lastIndexOf(LF, textEnd - 1) + 1 : 0;
    if (linesEnd <= this.#start) {
      if (textEnd - this.#start > MAX_LINE_BYTES) throw unknownForm(this.#buffer, this.#start);
      return NOTHING;
    }
    const lines = this.#buffer.subarray(this.#start, linesEnd);
    this.#start = linesEnd;
    this.#textBytes += lines.length;
    return lines;
  }

  /**
   * Checks that the stream has ended where the storage ends it.
   * @throws ProtocolError when it was cut off, or when the count is wrong
   */
  end(): void {
    const held = this.#end - this.#start;
    const cutOff = `Listing cut off after ${this.#textBytes + held} bytes: the storage closed without the count`;
    if (!this.#headerRead || held < COUNT_BYTES) throw new ProtocolError(cutOff);
    const announced = readInt64(this.#buffer, this.#end - COUNT_BYTES);
    if (announced === this.#textBytes && held === COUNT_BYTES) return;
    const received = this.#textBytes + held - COUNT_BYTES;
    // A count starts with a zero byte, text never does.
    throw new ProtocolError(
      this.#buffer[this.#end - COUNT_BYTES] === 0
        ? `Listing ends with the wrong count: ${announced} bytes announced, ${received} received`
        : cutOff,
    );
  }

  /** Moves what is held to the start of the buffer, and the chunk behind it. */
  #hold(chunk: Buffer): void {
    const held = this.#end - this.#start;
    const from = this.#buffer;
    if (from.length < held + chunk.length) {
      this.#buffer = Buffer.allocUnsafeSlow(held + chunk.length + MAX_LINE_BYTES + COUNT_BYTES);
    }
    from.copy(this.#buffer, 0, this.#start, this.#end);
    chunk.copy(this.#buffer, held);
    this.#start = 0;
    this.#end = held + chunk.length;
  }
}

/** The announced length means "until the end" and is beyond 2^53, so the general reader of headers refuses it. */
function checkHeader(bytes: Buffer): void {
  const status = bytes[9]!;
  if (bytes[8] !== RESPONSE_COMMAND) readResponseHeader(bytes);
  if (status === STATUS_OK) return;
  const { name, hints } = fetchOnePathBinlog;
  throw new ServerError(status, { command: name, hint: hints?.[status], retryable: true });
}

/**
 * Goes through the lines of a listing: `1700000000 C M00/00/00/…`, and for a link the file that it points to. The operation is
 * `C` for a file, `L` for a link, in lower case for replicas; with `-m` behind it a name is that of metadata. A listing may
 * have millions of lines, so it only says where things are.
 */
export class ListedLines {
  readonly #bytes: Buffer;
  #next = 0;
  /** When the storage logged the line, Unix seconds. */
  loggedAt = 0;
  /** Where the name without the group begins. */
  nameStart = 0;
  nameEnd = 0;
  /** Where the line ends: at the end of the name, or of the file that a link points to. */
  end = 0;

  /** @param bytes whole lines */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Moves on to the next line; returns false when there is none.
   * @throws ProtocolError for a line of another form
   */
  next(): boolean {
    const bytes = this.#bytes;
    const start = this.#next;
    if (start >= bytes.length) return false;
    let at = start;
    let loggedAt = 0;
    for (; isDigit(bytes[at]!); at++) loggedAt = loggedAt * 10 + bytes[at]! - ZERO;
    const nameStart = at + 3;
    const isFormed = at > start && bytes[at] === SPACE && isLetter(bytes[at + 1]!) && bytes[at + 2] === SPACE;
    const nameEnd = isFormed ? endOfName(bytes, nameStart) : -1;
    const end = nameEnd > 0 && bytes[nameEnd] === SPACE ? endOfName(bytes, nameEnd + 1) : nameEnd;
    if (end < 0 || bytes[end] !== LF) throw unknownForm(bytes, start);
    this.loggedAt = loggedAt;
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    this.end = end;
    this.#next = end + 1;
    return true;
  }
}

/** Returns where a name that begins here ends; -1 when there is none that a storage could have made. */
function endOfName(bytes: Buffer, start: number): number {
  const isFormed =
    bytes[start] === CAPITAL_M &&
    isHex(bytes, start + 1) &&
    bytes[start + 3] === SLASH &&
    isHex(bytes, start + 4) &&
    bytes[start + 6] === SLASH &&
    isHex(bytes, start + 7) &&
    bytes[start + 9] === SLASH;
  if (!isFormed) return -1;
  let at = start + 10;
  for (let byte = bytes[at]!; byte > SPACE && byte !== SLASH && byte !== DELETE; byte = bytes[++at]!);
  const length = at - start;
  return length < SHORTEST_NAME_LENGTH || length > MAX_REMOTE_FILENAME + METADATA_CHARS ? -1 : at;
}

function isHex(bytes: Buffer, at: number): boolean {
  return isHexDigit(bytes[at]!) && isHexDigit(bytes[at + 1]!);
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | SMALL) >= 0x61 && (byte | SMALL) <= 0x66);
}

function isLetter(byte: number): boolean {
  return (byte | SMALL) >= 0x61 && (byte | SMALL) <= 0x7a;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function unknownForm(bytes: Buffer, start: number): ProtocolError {
  const [line = ''] = bytes.toString('latin1', start, Math.min(start + 160, bytes.length)).split('\n');
  return new ProtocolError(`Listing has a line of unknown form: ${JSON.stringify(line)}`);
}
