import { expect, test } from 'vitest';
import { ReadBuffers } from '../../../src/core/net/buffers.js';

test('connections share one buffer while they have small replies', () => {
  const one = new ReadBuffers();
  const other = new ReadBuffers();
  const shared = one.next();
  expect(other.next()).toBe(shared);
  expect(one.next()).toBe(shared);
  expect(one.isShared(shared)).toBe(true);
});

test('content is read to where there is room, a little of it into the shared buffer where there is none', () => {
  const buffers = new ReadBuffers();
  const shared = buffers.next();
  const rooms = [Buffer.alloc(3), undefined, Buffer.alloc(5)];
  buffers.expectContent(() => rooms.shift());
  const first = buffers.next();
  expect(first.length).toBe(3);
  expect(buffers.isShared(first)).toBe(false);
  const little = buffers.next();
  expect(little.length).toBeLessThan(shared.length);
  expect(buffers.isShared(little)).toBe(true);
  expect(buffers.next().length).toBe(5);
  buffers.expectContent(undefined);
  expect(buffers.next()).toBe(shared);
});
