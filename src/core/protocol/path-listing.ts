/**
 * The files of one store path, as a storage reads them out of its log: text lines without announced length, then the
 * number of text bytes in 8 bytes, then the storage closes. PROTOCOL: 26 FETCH_ONE_PATH_BINLOG.
 */
import { ProtocolError, ServerError } from '../base/errors.js';
import { GROUP_BYTES } from '../model/limits.js';
import type { Command } from './command.js';
import { HEADER_BYTES, RESPONSE_COMMAND, STATUS_OK } from './constants.js';
import { readInt64, readResponseHeader } from './frame.js';

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

/** Splits the stream into its lines and checks the count at its end. Holds at most one line and 8 bytes. */
export class PathListingDecoder {
  /** Received and not yet decoded, as Latin-1: the header, or the last bytes, which are the count when nothing follows. */
  #held = '';
  #headerRead = false;
  #line = '';
  #textBytes = 0;

  /** True once the storage has accepted the request. */
  get started(): boolean {
    return this.#headerRead;
  }

  /** Bytes of text decoded so far. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /**
   * Returns the lines that end in this chunk.
   * @throws ServerError for a refusal; ProtocolError when the server is not a FastDFS storage
   */
  push(chunk: Buffer): string[] {
    let text = this.#held + chunk.toString('latin1');
    if (!this.#headerRead) {
      if (text.length < HEADER_BYTES) {
        this.#held = text;
        return [];
      }
      checkHeader(Buffer.from(text.slice(0, HEADER_BYTES), 'latin1'));
      this.#headerRead = true;
      text = text.slice(HEADER_BYTES);
    }
    const end = Math.max(0, text.length - COUNT_BYTES);
    this.#held = text.slice(end);
    if (end === 0) return [];
    this.#textBytes += end;
    const lines = (this.#line + text.slice(0, end)).split('\n');
    this.#line = lines.pop()!;
    return lines;
  }

  /**
   * Checks that the stream has ended where the storage ends it.
   * @throws ProtocolError when it was cut off, or when the count is wrong
   */
  end(): void {
    const received = this.#textBytes + this.#held.length;
    const cutOff = `Listing cut off after ${received} bytes: the storage closed without the count`;
    if (!this.#headerRead || this.#held.length < COUNT_BYTES) throw new ProtocolError(cutOff);
    const count = Buffer.from(this.#held, 'latin1');
    const announced = readInt64(count, 0);
    if (announced === this.#textBytes && this.#line === '') return;
    // A count starts with a zero byte, text never does.
    throw new ProtocolError(
      count[0] === 0
        ? `Listing ends with the wrong count: ${announced} bytes announced, ${this.#textBytes} received`
        : cutOff,
    );
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

/** One line of a listing. */
export interface ListedName {
  /** When the storage logged it, Unix seconds. */
  readonly loggedAt: number;
  /** `c`: a file, `l`: a link to another file. Upper case where a client made it here, lower case for a replica. */
  readonly operation: string;
  /** Name without the group; with `-m` behind it that of the metadata. */
  readonly remoteFilename: string;
  /** The file that a link points to. */
  readonly source?: string;
}

const LINE = /^(\d+) ([A-Za-z]) (\S+)(?: (\S+))?$/;

/** @throws ProtocolError for a line of another form */
export function parseListingLine(line: string): ListedName {
  const [, loggedAt, operation, remoteFilename, source] = LINE.exec(line) ?? [];
  if (remoteFilename === undefined) {
    throw new ProtocolError(`Listing has a line of unknown form: ${JSON.stringify(line.slice(0, 160))}`);
  }
  return {
    loggedAt: Number(loggedAt),
    operation: operation!,
    remoteFilename,
    ...(source === undefined ? {} : { source }),
  };
}
