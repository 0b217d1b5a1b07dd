/** Holds the content of a part until it can be sent: in memory, or beyond that in a temporary file. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { Source } from '../../index.js';
import { DETECT_BYTES } from './content-type.js';
import type { PartReader } from './part-reader.js';

/** Content beyond this goes to a temporary file, in bytes. */
const MEMORY_BYTES = 1024 * 1024;
const READ_BYTES = 64 * 1024;

export interface CollectedContent {
  /** In bytes. */
  readonly size: number;
  /** The first bytes: as many as detecting a content type needs. */
  readonly head: Uint8Array;
  /** Opens the content; once. */
  open(): Source;
  /** Frees what holds the content. Never rejects. */
  dispose(): Promise<void>;
}

/**
 * Reads all content of a part. The temporary file has no name: a process that ends leaves nothing of it behind.
 * @throws what the part fails with, or the file system
 */
export async function collectPart(reader: PartReader): Promise<CollectedContent> {
  try {
    const { chunks, whole } = await reader.readHead(MEMORY_BYTES);
    const head = Buffer.concat(chunks).subarray(0, DETECT_BYTES);
    if (whole) {
      const size = chunks.reduce((sum, { length }) => sum + length, 0);
      return { size, head, open: () => [...chunks], dispose: async () => {} };
    }
    return { head, ...(await spool(reader, chunks)) };
  } catch (error) {
    reader.drain();
    throw error;
  }
}

async function spool(reader: PartReader, chunks: readonly Buffer[]): Promise<Omit<CollectedContent, 'head'>> {
  const file = await openNameless();
  const dispose = () => file.close().catch(() => undefined);
  let size = 0;
  const target = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      size += chunk.length;
      file.appendFile(chunk).then(() => callback(), callback);
    },
  });
  try {
    await reader.pump(target, { head: chunks });
    return { size, open: () => readFrom(file, size), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function* readFrom(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let position = 0; position < size; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function openNameless(): Promise<FileHandle> {
  const name = path.join(tmpdir(), `fastdfs-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await rm(name, { force: true });
  return file;
}
