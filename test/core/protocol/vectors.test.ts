import { describe, expect, it } from 'vitest';
import { type Command, encodeRequest } from '../../../src/core/protocol/command.js';
import * as storageCommands from '../../../src/core/protocol/storage-commands.js';
import * as trackerCommands from '../../../src/core/protocol/tracker-commands.js';
import { inPieces, receive } from './receive.js';
import { COMMANDS, type Transcript, transcripts } from './transcripts.js';

/** Transcripts per file, of those with a command that this client has. */
const FILES = {
  'tracker-query': 17,
  'tracker-admin': 3,
  'tracker-errors': 9,
  'storage-upload': 9,
  'storage-appender': 8,
  'storage-read': 10,
  'storage-meta': 5,
  'storage-errors': 30,
  'storage-quirks': 16,
  'storage-id-mode': 4,
  'address-size-46': 8,
  'c-client': 103,
};

/** Requests that this client cannot be made to send, and why. */
const NEVER_SENT: Record<string, string[]> = {
  'another length than the fields need': [
    'tracker-errors: 104 QUERY_STORE_WITH_GROUP_ONE: body 6 bytes (unpadded)',
    'storage-errors: 11 UPLOAD_FILE: file_size field larger than body',
    'storage-errors: 11 UPLOAD_FILE: body 14 bytes (too short)',
    'storage-quirks: active test with a body (storage)',
    'storage-quirks: active test with a body (tracker)',
  ],
  'metadata that an object of strings cannot be': [
    'storage-quirks: set metadata with a trailing record separator',
    'storage-quirks: set metadata with duplicate names',
  ],
  'a mode of metadata that there is not': ['storage-errors: 13 SET_METADATA: flag X'],
  'no empty list of storage ids is wanted, which this client always takes': [
    'tracker-admin: 69 FETCH_STORAGE_IDS: fetch storage ids start 0 allow_empty 0 (use_storage_id=0)',
    'storage-id-mode: 69 FETCH_STORAGE_IDS: ids',
    'storage-id-mode: 69 FETCH_STORAGE_IDS: start 1',
    'storage-id-mode: 69 FETCH_STORAGE_IDS: start 2 (== count)',
    'storage-id-mode: 69 FETCH_STORAGE_IDS: dual IP, IPv6, rw options',
  ],
};

const neverSent = Object.values(NEVER_SENT).flat();
const byFile = Object.keys(FILES).map((file) => ({ file, recorded: transcripts(file) }));
const all = byFile.flatMap(({ recorded }) => recorded);
const sent = all.filter(({ id }) => !neverSent.includes(id));

function frameOf({ response }: Transcript): Buffer {
  return Buffer.from(response.header + response.body, 'hex');
}

describe('what the recordings cover', () => {
  it('is as many transcripts as were counted', () => {
    expect(Object.fromEntries(byFile.map(({ file, recorded }) => [file, recorded.length]))).toEqual(FILES);
    expect(all).toHaveLength(222);
    expect(sent).toHaveLength(209);
    expect(all.flatMap(({ id }) => (neverSent.includes(id) ? [id] : [])).sort()).toEqual(neverSent.sort());
    expect(neverSent).toHaveLength(13);
  });

  it('is every command of this client, each with a success', () => {
    const codes = [...Object.values(trackerCommands), ...Object.values(storageCommands)].map(
      (exported) => (exported as Command<unknown, unknown>).code,
    );
    expect(COMMANDS.map(({ code }) => code).sort()).toEqual(codes.sort());
    const answered = new Set(all.filter(({ status }) => status === 0).map(({ known }) => known.code));
    expect([...answered].sort()).toEqual(codes);
  });
});

describe('requests are, byte for byte, those of', () => {
  it.each(sent)('$id', ({ known, request }) => {
    const frame = Buffer.concat([
      known.encode(request.decoded),
      Buffer.from(request.decoded.content ?? '', 'latin1'),
    ]);
    expect(frame.toString('hex')).toBe(request.header + request.body);
  });

  it('servers up to 6.10, which know no "allow empty" in FETCH_STORAGE_IDS', () => {
    const frame = encodeRequest(trackerCommands.fetchStorageIds, { start: 7, withAllowEmpty: false });
    expect(frame.toString('hex')).toBe('0000000000000004450000000007');
  });
});

describe('replies are understood, however they arrive', () => {
  it.each(all)('$id', (transcript) => {
    const { known, response, status } = transcript;
    const frame = frameOf(transcript);
    const body = frame.subarray(10);
    const whole = [{ status, body }];
    expect(receive([frame])).toEqual(whole);
    expect(receive(inPieces(frame, 1))).toEqual(whole);
    const cuts = Array.from({ length: frame.length - 1 }, (_, index) => index + 1);
    const isWhole = (cut: number) => {
      const [reply, ...more] = receive([frame.subarray(0, cut), frame.subarray(cut)]);
      return more.length === 0 && reply?.status === status && reply.body.equals(body);
    };
    expect(cuts.filter((cut) => !isWhole(cut))).toEqual([]);
    if (status !== 0) return;
    expect(body.length).toBeLessThanOrEqual(known.maxReply);
    expect(known.decode(body)).toEqual(known.reply(response.decoded));
    if (response.decoded.content !== undefined) expect(body.toString()).toBe(response.decoded.content);
  });

  it.each(byFile)('$file, one after the other on one connection, in pieces of any size', ({ recorded }) => {
    const stream = Buffer.concat(recorded.map(frameOf));
    const expected = recorded.map((each) => ({ status: each.status, body: frameOf(each).subarray(10) }));
    for (const size of [1, 7, 10, 53, 1024, stream.length])
      expect(receive(inPieces(stream, size))).toEqual(expected);
  });
});

describe('replies of another length than any server sends are refused', () => {
  const EXACT = [101, 102, 103, 104, 105, 106, 107, 22];
  const samples = [...EXACT, 11, 21, 23, 38, 69].map((code) => {
    const sample = all.find(({ known, status }) => known.code === code && status === 0)!;
    return { code, known: sample.known, body: frameOf(sample).subarray(10) };
  });
  const refusal = expect.objectContaining({ code: 'FASTDFS_PROTOCOL' });

  it.each(samples)('$code, cut off after 7 bytes', ({ known, body }) => {
    expect(() => known.decode(body.subarray(0, 7))).toThrow(refusal);
  });

  it.each(samples.slice(0, EXACT.length))('$code, a byte short or long', ({ known, body }) => {
    expect(() => known.decode(body.subarray(0, -1))).toThrow(refusal);
    expect(() => known.decode(Buffer.concat([body, Buffer.alloc(1)]))).toThrow(refusal);
  });
});
