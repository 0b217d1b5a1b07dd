/** Content of a request in pieces, as they arrive: what came with the parameters first, then the rest from the socket. */

import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { Connection } from './connection.js';
import { Refused, STATUS } from './status.js';

export class Body {
  readonly length: number;
  readonly #connection: Connection;
  #first: Buffer | undefined;
  #left: number;

  /** @param first the content bytes that are there already */
  constructor(first: Buffer, length: number, connection: Connection) {
    this.length = length;
    this.#first = first;
    this.#left = length;
    this.#connection = connection;
  }

  /** The whole content, when it came in one block. */
  get whole(): Buffer | undefined {
    return this.#first?.length === this.length ? this.#first : undefined;
  }

  /** Returns the next pieces, undefined after the last. @throws ConnectionClosed when the client disconnects earlier */
  async next(): Promise<Buffer[] | undefined> {
    if (this.#left === 0) return undefined;
    const first = this.#first;
    this.#first = undefined;
    const chunks =
      first !== undefined && first.length > 0 ? [first] : await this.#connection.takeSome(this.#left);
    for (const chunk of chunks) this.#left -= chunk.length;
    return chunks;
  }
}

/** Continues a checksum over more bytes; the first call gets 0. */
export type Checksum = (bytes: Buffer, checksum: number) => number;

/**
 * Writes a body to a file. The socket is read on while the disk is busy, up to a limit.
 * @param position where to write; undefined: at the end, after what others append
 * @returns the checksum of the body, unsigned
 */
export async function writeBody(
  handle: FileHandle,
  body: Body,
  position?: number,
  checksum: Checksum = crc32,
): Promise<number> {
  let sum = 0;
  let at = position;
  for (let chunks = await body.next(); chunks; chunks = await body.next()) {
    let bytes = 0;
    for (const chunk of chunks) {
      sum = checksum(chunk, sum);
      bytes += chunk.length;
    }
    const { bytesWritten } = await handle.writev(chunks, at);
    if (bytesWritten !== bytes) throw new Refused(STATUS.NO_SPACE);
    if (at !== undefined) at += bytes;
  }
  return sum;
}
