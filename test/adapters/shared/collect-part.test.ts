/** Content that waits for its turn: in memory while it is small, in a file without a name beyond that. */
import { readdir, readlink } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { collectPart } from '../../../src/adapters/shared/collect-part.js';
import { PartReader } from '../../../src/adapters/shared/part-reader.js';
import { bytes, pieces } from '../../helpers/bytes.js';

const MIB = 1024 * 1024;

/** Temporary files that this process holds open. */
async function openSpools(): Promise<string[]> {
  const folder = '/proc/self/fd';
  const links = await Promise.all(
    (await readdir(folder)).map((name) => readlink(`${folder}/${name}`).catch(() => '')),
  );
  return links.filter((link) => /fastdfs-[0-9a-f-]{36}/.test(link));
}

it.each([0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 3])('gives back %i bytes', async (size) => {
  const content = bytes(size, 7);
  const collected = await collectPart(PartReader.open(Readable.from(pieces(content, 50_000))));
  expect(collected.size).toBe(size);
  expect(Buffer.compare(collected.head, content.subarray(0, 4100))).toBe(0);
  const read: Uint8Array[] = [];
  for await (const chunk of collected.open() as AsyncIterable<Uint8Array>) read.push(chunk);
  expect(Buffer.concat(read).equals(content)).toBe(true);
  await collected.dispose();
  await collected.dispose();
});

it.runIf(process.platform === 'linux')(
  'keeps no file with a name, and none open after dispose()',
  async () => {
    const collected = await collectPart(PartReader.open(Readable.from(pieces(bytes(3 * MIB), 50_000))));
    expect(await openSpools()).toEqual([expect.stringMatching(/\(deleted\)$/)]);
    // A reader that stops half-way holds nothing either.
    for await (const _ of collected.open() as AsyncIterable<Uint8Array>) break;
    await collected.dispose();
    expect(await openSpools()).toEqual([]);
  },
);

it('frees everything when the part breaks off', async () => {
  const part = new PassThrough();
  const collecting = collectPart(PartReader.open(part));
  part.write(bytes(2 * MIB));
  setTimeout(() => part.destroy(new Error('broken')), 20);
  await expect(collecting).rejects.toThrow('broken');
  if (process.platform === 'linux') expect(await openSpools()).toEqual([]);
});
