/** Listings of real storages decode to the files that their maker knows, however they arrive; a cut is an error. */
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../../src/core/protocol/command.js';
import {
  fetchOnePathBinlog,
  ListedLines,
  PathListingDecoder,
} from '../../../src/core/protocol/path-listing.js';
import { inPieces } from './receive.js';
import { readVectors } from './vectors.js';

interface ListingVector {
  name: string;
  version: string;
  mode: string;
  group: string;
  storePathIndex: number;
  request: string;
  header: string;
  text: string;
  count: string;
  status: number;
  live: string[];
  deleted: string[];
  withMetadata: string[];
  links: Record<string, string>;
}

const { vectors } = readVectors<{ vectors: ListingVector[] }>('storage-listing');
const NAME = 'M00/00/00/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt';
const listings = vectors.filter(({ status }) => status === 0);
const refusals = vectors.filter(({ status }) => status !== 0);

function encodeReply({ header, text, count }: ListingVector): Buffer {
  return Buffer.concat([Buffer.from(header, 'hex'), Buffer.from(text, 'latin1'), Buffer.from(count, 'hex')]);
}

function decode(chunks: readonly Buffer[]): string {
  const decoder = new PathListingDecoder();
  // The next call overwrites what is returned.
  const text = chunks.map((chunk) => decoder.push(chunk).toString('latin1'));
  decoder.end();
  return text.join('');
}

interface Listed {
  loggedAt: number;
  remoteFilename: string;
  source: string | undefined;
}

function readLines(text: string): Listed[] {
  const bytes = Buffer.from(text, 'latin1');
  const lines = new ListedLines(bytes);
  const listed: Listed[] = [];
  while (lines.next()) {
    const { loggedAt, nameStart, nameEnd, end } = lines;
    const remoteFilename = bytes.toString('latin1', nameStart, nameEnd);
    const source = end > nameEnd ? bytes.toString('latin1', nameEnd + 1, end) : undefined;
    listed.push({ loggedAt, remoteFilename, source });
  }
  return listed;
}

describe('recorded listings', () => {
  it('are of four versions and of every mode', () => {
    expect(new Set(listings.map(({ version }) => version))).toEqual(
      new Set(['5.11', '6.06', '6.12.3', '6.16.1']),
    );
    expect(new Set(listings.map(({ mode }) => mode))).toEqual(
      new Set(['plain', 'trunk', 'storage-ids', 'two-store-paths', 'compressed']),
    );
    expect(listings).toHaveLength(16);
    expect(refusals).toHaveLength(8);
  });

  it.each(vectors)('$name: the request is the same byte for byte', ({ group, storePathIndex, request }) => {
    expect(encodeRequest(fetchOnePathBinlog, { group, storePathIndex }).toString('hex')).toBe(request);
  });

  it.each(listings)('$name: every file that is there, and none twice but slaves', (vector) => {
    const names = readLines(decode([encodeReply(vector)]));
    const files = names.filter(({ remoteFilename }) => !remoteFilename.endsWith('-m'));
    const listed = new Set(files.map(({ remoteFilename }) => `group1/${remoteFilename}`));
    // Files deleted from trunk files stay in the listing.
    const deleted = vector.mode === 'trunk' || vector.mode === 'storage-ids' ? vector.deleted : [];
    const left = [...listed].filter((fileId) => !deleted.includes(fileId));
    expect(left.sort()).toEqual([...vector.live].sort());
    expect(
      files.length - listed.size,
      'a slave that was deleted and made again is listed twice',
    ).toBeLessThan(3);
    const withMetadata = names.flatMap(({ remoteFilename }) =>
      remoteFilename.endsWith('-m') ? [`group1/${remoteFilename.slice(0, -2)}`] : [],
    );
    expect([...new Set(withMetadata)].sort()).toEqual([...vector.withMetadata].sort());
    const links = names.flatMap(({ remoteFilename, source }) =>
      source === undefined ? [] : [[`group1/${remoteFilename}`, `group1/${source}`]],
    );
    expect(Object.fromEntries(links)).toEqual(vector.links);
  });

  it.each(listings)('$name: in pieces of any size', (vector) => {
    const reply = encodeReply(vector);
    const whole = decode([reply]);
    expect(whole).toBe(vector.text);
    for (const size of [1, 7, 8, 9, 10, 11, 53, 1000]) expect(decode(inPieces(reply, size))).toEqual(whole);
    for (let cut = 1; cut < reply.length; cut += 3) {
      expect(decode([reply.subarray(0, cut), reply.subarray(cut)])).toEqual(whole);
    }
  });

  it.each(listings)('$name: cut off at any byte is an error that says so', (vector) => {
    const reply = encodeReply(vector);
    for (let length = 0; length < reply.length; length++) {
      expect(() => decode([reply.subarray(0, length)]), `${length} bytes`).toThrow(
        expect.objectContaining({
          code: 'FASTDFS_PROTOCOL',
          message: expect.stringMatching(/cut off|count/),
        }),
      );
    }
  });

  it.each(refusals)('$name: is status 22, as soon as the header is there', (vector) => {
    expect(() => decode([encodeReply(vector)])).toThrow(
      expect.objectContaining({
        code: 'FASTDFS_INVALID',
        command: 'FETCH_ONE_PATH_BINLOG',
        message: expect.stringContaining('of another group, or has no store path of this index'),
      }),
    );
  });
});

describe('listings that do not add up', () => {
  const sample = listings.find(({ text }) => text !== '')!;

  it('have a wrong count', () => {
    for (const difference of [-1, 1, 2 ** 40]) {
      const reply = encodeReply(sample);
      const at = reply.length - 8;
      reply.writeBigInt64BE(reply.readBigInt64BE(at) + BigInt(difference), at);
      expect(() => decode([reply])).toThrow(/wrong count: -?\d+ bytes announced, \d+ received/);
    }
  });

  it('have bytes behind the count', () => {
    expect(() => decode([encodeReply(sample), Buffer.from('x')])).toThrow(/cut off|wrong count/);
    expect(() => decode([encodeReply(sample), Buffer.alloc(8)])).toThrow(/wrong count/);
  });

  it('end in the middle of a line, whatever the count says', () => {
    const text = Buffer.from(`1 C ${NAME}`);
    const count = Buffer.alloc(8);
    count.writeBigInt64BE(BigInt(text.length));
    expect(() => decode([Buffer.from(sample.header, 'hex'), text, count])).toThrow(/cut off|wrong count/);
  });

  it('come from something else than a storage', () => {
    expect(() => decode([Buffer.from('HTTP/1.1 400 Bad Request\r\n')])).toThrow(/looks like an HTTP port/);
  });

  it.each([
    ['nothing', ''],
    ['no name', '1 C'],
    ['no time', `a C ${NAME}`],
    ['no operation', `1  ${NAME}`],
    ['a digit for an operation', `1 1 ${NAME}`],
    ['too short a name', `1 C ${NAME.slice(0, 36)}`],
    ['too long a name', `1 C ${NAME.padEnd(130, 'x')}`],
    ['a third name', `1 C ${NAME} ${NAME} ${NAME}`],
    ['a source that is no name', `1 L ${NAME} x`],
    ['a name that leaves its folder', `1 C ${NAME}/../x`],
    ['a name in no folder', `1 C ${NAME.replaceAll('/', '_')}`],
    ['folders that are not hexadecimal', `1 C M00/0G/00/${NAME.slice(10)}`],
    ['a control character', `1 C ${NAME}\x01`],
    ['a NUL', `1 C ${NAME}\0x`],
    ['a DEL', `1 C ${NAME}\x7f`],
  ])('have a line of unknown form: %s', (_, line) => {
    expect(() => readLines(`1 C ${NAME}\n${line}\n`)).toThrow(/line of unknown form/);
  });

  it('have a line that does not end: it is not held', () => {
    const decoder = new PathListingDecoder();
    decoder.push(Buffer.from(sample.header, 'hex'));
    const endless = () => {
      for (let index = 0; index < 100; index++) decoder.push(Buffer.alloc(100, 'x'));
    };
    expect(endless).toThrow(/line of unknown form/);
  });
});
