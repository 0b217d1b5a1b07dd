import { afterEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '../../../src/core/base/errors.js';
import { ReplyDecoder, type ReplySink } from '../../../src/core/protocol/command.js';
import { inPieces, receive } from './receive.js';

/** A header as a server would write it; `length` may be anything that 64 bits hold. */
function header(length: bigint | number, { command = 100, status = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.writeBigInt64BE(BigInt(length));
  bytes[8] = command;
  bytes[9] = status;
  return bytes;
}

function reply(body: string, status = 0): Buffer {
  return Buffer.concat([header(Buffer.byteLength(body), { status }), Buffer.from(body)]);
}

/** Records the calls. */
class Listener implements ReplySink {
  readonly heard: string[] = [];
  onHeader({ length, status }: { length: number; status: number }): void {
    this.heard.push(`header ${length} ${status}`);
  }
  onBody(slice: Buffer): void {
    this.heard.push(`body ${slice}`);
  }
  onEnd(): void {
    this.heard.push('end');
  }
}

function errorFrom(bytes: Buffer, size = bytes.length): unknown {
  try {
    receive(inPieces(bytes, size));
  } catch (error) {
    return error;
  }
  return undefined;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a reply', () => {
  it('is delivered as header, slices and end', () => {
    const decoder = new ReplyDecoder();
    const listener = new Listener();
    const bytes = reply('hello', 2);
    expect(decoder.push(bytes.subarray(0, 13), listener)).toBe(13);
    expect(decoder.push(bytes.subarray(13), listener)).toBe(2);
    expect(listener.heard).toEqual(['header 5 2', 'body hel', 'body lo', 'end']);
  });

  it.each([
    ['in one piece', 100],
    ['byte by byte', 1],
  ])('without a body ends with its header, %s', (_, size) => {
    const decoder = new ReplyDecoder();
    const listener = new Listener();
    for (const piece of inPieces(header(0), size)) decoder.push(piece, listener);
    expect(listener.heard).toEqual(['header 0 0', 'end']);
  });

  it('is under way from its first byte to its last', () => {
    const decoder = new ReplyDecoder();
    const states = inPieces(reply('abc'), 1).map((piece) => {
      decoder.push(piece, new Listener());
      return decoder.midReply;
    });
    expect(states).toEqual([...Array(12).fill(true), false]);
  });

  it('is not moved by chunks without bytes', () => {
    const decoder = new ReplyDecoder();
    const listener = new Listener();
    for (const piece of inPieces(reply('ab'), 1)) {
      expect(decoder.push(Buffer.alloc(0), listener)).toBe(0);
      decoder.push(piece, listener);
    }
    expect(listener.heard).toEqual(['header 2 0', 'body a', 'body b', 'end']);
  });

  it('leaves bytes behind it to the caller', () => {
    const decoder = new ReplyDecoder();
    const listener = new Listener();
    const two = Buffer.concat([reply('one'), reply('two')]);
    expect(decoder.push(two, listener)).toBe(13);
    expect(decoder.midReply).toBe(false);
    expect(decoder.push(two.subarray(13), listener)).toBe(13);
    expect(listener.heard).toEqual(['header 3 0', 'body one', 'end', 'header 3 0', 'body two', 'end']);
  });

  it('hands slices of the delivered chunk on, uncopied', () => {
    const chunk = reply('content');
    const slices: Buffer[] = [];
    const sink: ReplySink = { onHeader() {}, onEnd() {}, onBody: (slice) => void slices.push(slice) };
    new ReplyDecoder().push(chunk, sink);
    chunk.fill('x', 10);
    expect(slices.join()).toBe('xxxxxxx');
  });

  it('of a huge declared length costs no memory before its bytes are there', () => {
    const bytes = Buffer.concat([header(2 ** 52), Buffer.from('little')]);
    const decoder = new ReplyDecoder();
    const listener = new Listener();
    const allocations = (['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const).map((how) =>
      vi.spyOn(Buffer, how),
    );
    for (let at = 0; at < bytes.length; at++) decoder.push(bytes.subarray(at, at + 1), listener);
    for (const allocation of allocations) expect(allocation).not.toHaveBeenCalled();
    expect(listener.heard.slice(0, 2)).toEqual([`header ${2 ** 52} 0`, 'body l']);
    expect(decoder.midReply).toBe(true);
  });
});

describe('a header that is none', () => {
  const http = Buffer.from('HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n');
  it.each<[string, Buffer, RegExp]>([
    ['a negative length', header(-1), /impossible body length \(-1 bytes\)/],
    ['the most negative length', header(-(2n ** 63n)), /impossible body length/],
    ['a length beyond 2^53', header(2n ** 53n), /impossible body length/],
    ['the largest length', header(2n ** 63n - 1n), /impossible body length/],
    [
      'the command byte of a request',
      header(0, { command: 11 }),
      /command 11 instead of 100 \(bytes 0{17}b00\)/,
    ],
    ['an HTTP answer', http, /"HTTP\/1\.1 4": this looks like an HTTP port.*22122.*23000/],
    ['a web page', Buffer.from('<html><body>'), /looks like an HTTP port/],
    ['an SSH greeting', Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'), /"SSH-2\.0-Op": another service/],
    ['a mail server', Buffer.from('220 mail.example.com ESMTP'), /another service/],
    ['noise', Buffer.alloc(10, 0xff), /command 255 instead of 100/],
  ])('is refused: %s', (_, bytes, message) => {
    for (const size of [bytes.length, 1]) {
      const error = errorFrom(bytes, size);
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ code: 'FASTDFS_PROTOCOL', message: expect.stringMatching(message) });
    }
  });

  it('does not include the largest length that a number can count', () => {
    const listener = new Listener();
    new ReplyDecoder().push(header(Number.MAX_SAFE_INTEGER), listener);
    expect(listener.heard).toEqual([`header ${Number.MAX_SAFE_INTEGER} 0`]);
  });
});
