/** Content that waits for its turn: in memory while it is small, in a spool file beyond that. */
import { readdir, readlink } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { type CollectedContent, collectPart } from '../../../src/adapters/shared/collect-part.js';
import { PartReader } from '../../../src/adapters/shared/part-reader.js';
import { createClient } from '../../../src/index.js';
import { bytes, pieces } from '../../helpers/bytes.js';

const MIB = 1024 * 1024;
const client = createClient({ trackers: '127.0.0.1:1' });

async function read({ source }: CollectedContent): Promise<Buffer> {
  const found: Uint8Array[] = [];
  const write = async (chunk: Uint8Array | string) => void found.push(Buffer.from(chunk as Uint8Array));
  if (typeof source === 'function') await source(write);
  else for (const chunk of source as Uint8Array[]) found.push(chunk);
  return Buffer.concat(found);
}

/** Temporary files that this process holds open. */
async function openSpools(): Promise<string[]> {
  const folder = '/proc/self/fd';
  const links = await Promise.all(
    (await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  );
  return links.filter((link) => /fastdfs-spool-/.test(link));
}

it.each([0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3])('gives back %i bytes', async (size) => {
  const content = bytes(size, 7);
  const collected = await collectPart(client, PartReader.open(Readable.from(pieces(content, 50_000))));
  expect(collected.size).toBe(size);
  expect(Buffer.compare(collected.head, content.subarray(0, 4100))).toBe(0);
  expect((await read(collected)).equals(content)).toBe(true);
  await collected.dispose();
  await collected.dispose();
});

it.runIf(process.platform === 'linux')(
  'keeps no file with a name, and none open after dispose()',
  async () => {
    const collected = await collectPart(
      client,
      PartReader.open(Readable.from(pieces(bytes(3 * MIB), 50_000))),
    );
    expect(await openSpools()).toEqual([expect.stringMatching(/\(deleted\)$/)]);
    await collected.dispose();
    expect(await openSpools()).toEqual([]);
  },
);

it('frees everything when the part breaks off', async () => {
  const part = new PassThrough();
  const collecting = collectPart(client, PartReader.open(part));
  part.write(bytes(2 * MIB));
  setTimeout(() => part.destroy(new Error('broken')), 20);
  await expect(collecting).rejects.toThrow('broken');
  if (process.platform === 'linux') expect(await openSpools()).toEqual([]);
});

it('fails when the spool of the client has no room, and lets the part run out', async () => {
  const limited = createClient({ trackers: '127.0.0.1:1', spool: { maxBytes: 2 * MIB } });
  const part = pieces(bytes(5 * MIB));
  await expect(collectPart(limited, PartReader.open(part))).rejects.toMatchObject({ code: 'FASTDFS_SPOOL' });
  expect(part.readableFlowing).toBe(true);
  const small = await collectPart(limited, PartReader.open(pieces(bytes(2 * MIB))));
  await small.dispose();
});
