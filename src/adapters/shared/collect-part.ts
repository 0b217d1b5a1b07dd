/** Holds the content of a part until it can be sent: in memory, or beyond that in a spool file. */
import { Writable } from 'node:stream';
import { engineOf, type FastDFSClient } from '../../client.js';
import type { Source } from '../../index.js';
import { Spool } from '../../streams/upload/spool.js';
import { DETECT_BYTES } from './content-type.js';
import type { PartReader } from './part-reader.js';

/** Content beyond this goes to a spool file, in bytes. */
const MEMORY_BYTES = 1024 * 1024;

export interface CollectedContent {
  /** In bytes. */
  readonly size: number;
  /** The first bytes: as many as detecting a content type needs. */
  readonly head: Uint8Array;
  /** The content itself. */
  readonly source: Source;
  /** Frees what holds the content. Never rejects; safe to call twice. */
  dispose(): Promise<void>;
}

/**
 * Reads all content of a part. Where it waits beyond {@link MEMORY_BYTES} is the client's option `spool`.
 * @throws what the part fails with; FastDFSError (`FASTDFS_SPOOL`) without space for it
 */
export async function collectPart(client: FastDFSClient, reader: PartReader): Promise<CollectedContent> {
  try {
    const { chunks, whole } = await reader.readHead(MEMORY_BYTES);
    const head = Buffer.concat(chunks).subarray(0, DETECT_BYTES);
    if (whole) {
      const size = chunks.reduce((sum, { length }) => sum + length, 0);
      return { size, head, source: [...chunks], dispose: async () => {} };
    }
    return { head, ...(await spoolPart(client, reader, chunks)) };
  } catch (error) {
    reader.drain();
    throw error;
  }
}

async function spoolPart(
  client: FastDFSClient,
  reader: PartReader,
  chunks: readonly Buffer[],
): Promise<Omit<CollectedContent, 'head'>> {
  const spool = await Spool.open(engineOf(client));
  const target = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      spool.write([chunk], chunk.length).then(() => callback(), callback);
    },
  });
  try {
    await reader.pump(target, { head: chunks });
    return { size: spool.size, source: (write) => spool.read(write), dispose: () => spool.close() };
  } catch (error) {
    await spool.close();
    throw error;
  }
}
