import { expect, it } from 'vitest';
import { SendBuffer, SMALL_CONTENT_BYTES } from '../../../src/core/net/buffers.js';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

it('puts header and content together, in the same memory each time', () => {
  const buffer = new SendBuffer();
  const first = buffer.join(Buffer.from('head'), Buffer.from('content'));
  expect(text(first)).toBe('headcontent');
  const second = buffer.join(Buffer.from('HEAD'), Buffer.from(''));
  expect(text(second)).toBe('HEAD');
  expect(second.buffer).toBe(first.buffer);
});

it('never writes over what has been given away', () => {
  const buffer = new SendBuffer();
  const sending = buffer.join(Buffer.from('head'), Buffer.from('still on its way'));
  buffer.abandon();
  buffer.join(Buffer.from('next'), Buffer.from('something else entirely'));
  expect(text(sending)).toBe('headstill on its way');
});

it('takes what is longer than itself', () => {
  const frame = Buffer.alloc(8 * 1024, 'f');
  const content = Buffer.alloc(SMALL_CONTENT_BYTES, 'c');
  const joined = new SendBuffer().join(frame, content);
  expect(Buffer.concat([frame, content]).equals(joined)).toBe(true);
});
