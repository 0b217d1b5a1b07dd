import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { decodeMetadata, encodeMetadata } from '../../../src/core/model/metadata.js';

describe('encodeMetadata', () => {
  it('separates records by 0x01 and fields by 0x02, with none at the end', () => {
    expect(encodeMetadata({ width: '10', name: '图' }).toString()).toBe('width\x0210\x01name\x02图');
    expect(encodeMetadata({})).toHaveLength(0);
    expect(encodeMetadata({ a: '' }).toString()).toBe('a\x02');
  });

  it('counts limits in bytes', () => {
    expect(() => encodeMetadata({ ['k'.repeat(64)]: 'v'.repeat(256) })).not.toThrow();
    expect(() => encodeMetadata({ ['k'.repeat(65)]: '' })).toThrow(/65 bytes; at most 64/);
    expect(() => encodeMetadata({ a: '图'.repeat(86) })).toThrow(/258 bytes; at most 256/);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an empty key', { '': 'x' }],
    ['NUL in a value', { a: 'x\0' }],
    ['0x01 in a value', { a: '\x01' }],
    ['0x02 in a key', { 'a\x02': '' }],
    ['a number', { a: 1 }],
    ['undefined', { a: undefined }],
  ])('refuses %s', (_, metadata) => {
    expect(() => encodeMetadata(metadata as Record<string, string>)).toThrow(ArgumentError);
  });

  it('refuses more than one request holds', () => {
    const many = Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`key${i}`, 'v'.repeat(256)]));
    expect(() => encodeMetadata(many)).toThrow(/256 KiB/);
  });
});

describe('decodeMetadata', () => {
  it('gives back what was encoded', () => {
    const metadata = { width: '10', empty: '', 名: '值=1,2' };
    expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
    expect(decodeMetadata(Buffer.alloc(0))).toEqual({});
  });

  it('cuts at NUL, skips records without a value and keeps the last of equal keys', () => {
    const body = Buffer.from('a\x02x\0rest\x01nonsense\x01\x01b\x021\x01b\x022');
    expect(decodeMetadata(body)).toEqual({ a: 'x', b: '2' });
  });

  it('keeps a key that objects inherit as an own one', () => {
    const decoded = decodeMetadata(Buffer.from('__proto__\x02x\x01toString\x02y'));
    expect(Object.keys(decoded)).toEqual(['__proto__', 'toString']);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  });
});
