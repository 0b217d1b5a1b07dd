/** Bodies of storage requests, with every field open to abuse. */
import { group16, int64, padded } from './raw.js';

export const COMMAND = {
  upload: 11,
  delete: 12,
  setMeta: 13,
  download: 14,
  getMeta: 15,
  link: 20,
  slave: 21,
  info: 22,
  appender: 23,
  append: 24,
  modify: 34,
  truncate: 36,
  regenerate: 38,
} as const;

type Text = string | Buffer;

export function upload(
  content: Text,
  ext: Text = 'txt',
  fields: { path?: number; size?: number } = {},
): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    Buffer.of((fields.path ?? 0) & 0xff),
    int64(fields.size ?? bytes.length),
    padded(ext, 6),
    bytes,
  ]);
}

export function slave(master: string, prefix: Text, ext: string, content: Text, size?: number): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    int64(Buffer.byteLength(master)),
    int64(size ?? bytes.length),
    padded(prefix, 16),
    padded(ext, 6),
    Buffer.from(master),
    bytes,
  ]);
}

export function append(name: string, content: Text, size?: number): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    int64(Buffer.byteLength(name)),
    int64(size ?? bytes.length),
    Buffer.from(name),
    bytes,
  ]);
}

export function modify(name: string, offset: number, content: Text): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    int64(Buffer.byteLength(name)),
    int64(offset),
    int64(bytes.length),
    Buffer.from(name),
    bytes,
  ]);
}

export function truncate(name: string, size: number | bigint, trailing = ''): Buffer {
  return Buffer.concat([int64(Buffer.byteLength(name)), int64(size), Buffer.from(name + trailing)]);
}

export function download(name: Text, offset = 0, bytes = 0, group = 'group1'): Buffer {
  return Buffer.concat([int64(offset), int64(bytes), group16(group), Buffer.from(name)]);
}

export function named(name: string, group = 'group1'): Buffer {
  return Buffer.concat([group16(group), Buffer.from(name)]);
}

export function setMeta(
  name: string,
  flag: string,
  metadata: Text,
  fields: { group?: string; length?: number } = {},
): Buffer {
  const bytes = Buffer.from(metadata);
  return Buffer.concat([
    int64(Buffer.byteLength(name)),
    int64(fields.length ?? bytes.length),
    Buffer.from(flag),
    group16(fields.group ?? 'group1'),
    Buffer.from(name),
    bytes,
  ]);
}
