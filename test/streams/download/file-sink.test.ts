/** What a download to a file holds in memory, and what it writes. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { FileSink } from '../../../src/streams/download/file-sink.js';

const KIB = 1024;
const MIB = 1024 * KIB;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'file-sink-'));
});

afterAll(() => rm(folder, { recursive: true }));

it.each([1, 4 * KIB, 256 * KIB - 1])(
  'takes no more memory than the content where that is small: %i bytes',
  async (bytes) => {
    const content = randomBytes(bytes);
    const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
    const written = await write(content, [content.subarray(0, bytes / 2), content.subarray(bytes / 2)]);
    const taken = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
    allocate.mockRestore();
    expect(await readFile(written)).toEqual(content);
    expect(taken).toBeLessThanOrEqual(bytes);
  },
);

it('writes large content from blocks that are used again', async () => {
  const content = randomBytes(9 * MIB + 5);
  const slices: Buffer[] = [];
  for (let at = 0; at < content.length; at += 64 * KIB) slices.push(content.subarray(at, at + 64 * KIB));
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow');
  const written = await write(content, slices);
  const taken = allocate.mock.calls.length;
  allocate.mockRestore();
  expect(await readFile(written)).toEqual(content);
  expect(taken).toBeLessThanOrEqual(4);
});

/** Returns the path of the file. */
async function write(content: Buffer, slices: Buffer[]): Promise<string> {
  const target = path.join(folder, String(content.length));
  const file = await open(target, 'w');
  let onDrain: () => void = () => undefined;
  const fail = (error: unknown) => expect.unreachable(String(error));
  const sink = new FileSink(file, fail, () => onDrain());
  sink.onStart(content.length);
  for (const slice of slices) {
    const drained = new Promise<void>((resolve) => {
      onDrain = resolve;
    });
    if (!sink.onContent(slice)) await drained;
  }
  await sink.finish();
  await file.close();
  return target;
}
