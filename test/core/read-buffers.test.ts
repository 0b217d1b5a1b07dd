import { describe, expect, test } from 'vitest';
import { ReadBuffers } from '../../src/core/net/read-buffers.js';

const SLAB = 128 * 1024;

describe('Where connections read into', () => {
  test('is one buffer for all while they have small replies', () => {
    const one = new ReadBuffers();
    const other = new ReadBuffers();
    const shared = one.next();
    expect(other.next()).toBe(shared);
    expect(one.next()).toBe(shared);
    expect(one.lasting(shared)).toBe(false);
  });

  test('is memory of its own for content, filled once from end to end', () => {
    const buffers = new ReadBuffers();
    const shared = buffers.next();
    buffers.expectContent(SLAB);
    const first = buffers.next();
    expect(first.length).toBe(SLAB);
    expect(first.buffer).not.toBe(shared.buffer);
    expect(buffers.lasting(first)).toBe(true);
    buffers.handedOver(1000);
    const rest = buffers.next();
    expect(rest.buffer).toBe(first.buffer);
    expect(rest.byteOffset).toBe(first.byteOffset + 1000);
    expect(rest.length).toBe(SLAB - 1000);
  });

  test('is a new slab rather than the crumbs of the last', () => {
    const buffers = new ReadBuffers();
    buffers.expectContent(SLAB);
    const first = buffers.next();
    buffers.handedOver(SLAB - 100);
    const next = buffers.next();
    expect(next.length).toBe(SLAB);
    expect(next.buffer).not.toBe(first.buffer);
  });

  test('holds no new slab while nobody takes content', () => {
    const buffers = new ReadBuffers();
    const shared = buffers.next();
    buffers.expectContent(SLAB);
    buffers.next();
    buffers.paused = true;
    buffers.handedOver(SLAB / 2);
    expect(buffers.next().length).toBe(SLAB / 2);
    buffers.handedOver(SLAB / 2);
    const parked = buffers.next();
    expect(parked).toBe(shared);
    expect(buffers.lasting(parked)).toBe(false);
    buffers.paused = false;
    expect(buffers.lasting(buffers.next())).toBe(true);
  });

  test('is the shared one again after the reply', () => {
    const buffers = new ReadBuffers();
    const shared = buffers.next();
    buffers.expectContent(SLAB);
    const slab = buffers.next();
    buffers.expectContent(undefined);
    expect(buffers.lasting(slab)).toBe(false);
    expect(buffers.next()).toBe(shared);
  });
});
