/** Storage ids from a configuration file or from the trackers: `stat` then knows the source without asking the storage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedFastDFS } from '../../../src/embedded/index.js';
import { createClient, parseFileId } from '../../../src/index.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'storage-ids-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function clientOf(fdfs: EmbeddedFastDFS, more: string) {
  const path = join(directory, 'client.conf');
  const lines = fdfs.trackers.map((tracker) => `tracker_server = ${tracker}\n`).join('');
  await writeFile(path, `${lines}${more}\n`);
  return createClient(path);
}

const FROM_TRACKER = 'load_fdfs_parameters_from_tracker = true';
const requests = (fdfs: EmbeddedFastDFS) =>
  ['PARAMETER_REQ', 'FETCH_STORAGE_IDS', 'QUERY_FILE_INFO'].map((command) => fdfs.requests(command));

describe('storage ids', () => {
  it.each(['6.16.1', '6.10.0'])('are loaded from trackers of version %s once', async (serverVersion) => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, serverVersion });
    await using client = await clientOf(fdfs, FROM_TRACKER);
    const { fileId } = await client.upload('hello');
    const { sourceId } = parseFileId(fileId);
    expect(requests(fdfs)).toEqual([0, 0, 0]);
    const expected = { from: 'id', size: 5, sourceId, sourceAddress: '127.0.0.1' };
    // Before they are loaded the id alone does not hold the address, and no server is asked for it.
    expect(await client.stat(fileId, { source: 'id' })).toMatchObject({ ...expected, sourceAddress: '' });
    const both = await Promise.all([client.stat(fileId), client.stat(fileId)]);
    for (const stat of both) expect(stat).toMatchObject(expected);
    expect(await client.stat(fileId)).toMatchObject(expected);
    expect(await client.stat(fileId, { source: 'id' })).toMatchObject(expected);
    expect(requests(fdfs)).toEqual([1, serverVersion === '6.10.0' ? 2 : 1, 0]);
    expect(await client.stat(fileId, { source: 'server' })).toMatchObject({ ...expected, from: 'server' });
  });

  it('come from a file, and trackers are not asked', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    const ids = ['100001', '100002'].map(
      (id, index) => `${id} group1 ${fdfs.storageAddress('group1', index)}\n`,
    );
    await writeFile(join(directory, 'storage_ids.conf'), ids.join(''));
    await using client = await clientOf(
      fdfs,
      'use_storage_id = true\nstorage_ids_filename = storage_ids.conf',
    );
    const { fileId } = await client.upload('hello');
    expect(await client.stat(fileId)).toMatchObject({ from: 'id', sourceAddress: '127.0.0.1' });
    expect(requests(fdfs)).toEqual([0, 0, 0]);
  });

  it('are not looked for where nothing says so: the storage is asked', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    await using client = await clientOf(fdfs, '');
    const { fileId } = await client.upload('hello');
    expect(await client.stat(fileId)).toMatchObject({ from: 'server', sourceAddress: '127.0.0.1' });
    expect(requests(fdfs)).toEqual([0, 0, 1]);
  });

  it('are not wanted in a cluster without ids', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 }, storageIds: false });
    await using client = await clientOf(fdfs, FROM_TRACKER);
    const { fileId } = await client.upload('hello');
    expect(await client.stat(fileId)).toMatchObject({ from: 'id', sourceAddress: '127.0.0.1' });
    expect(requests(fdfs)).toEqual([0, 0, 0]);
  });

  it('that cannot be loaded are asked for again, and the storage meanwhile', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    await using client = await clientOf(fdfs, FROM_TRACKER);
    const { fileId } = await client.upload('hello');
    fdfs.inject({ command: 'FETCH_STORAGE_IDS', action: 'status', status: 5, times: 1 });
    expect(await client.stat(fileId)).toMatchObject({ from: 'server', sourceAddress: '127.0.0.1' });
    expect(await client.stat(fileId)).toMatchObject({ from: 'id', sourceAddress: '127.0.0.1' });
    expect(requests(fdfs)).toEqual([2, 2, 1]);
  });

  it('end for a call that is aborted', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 } });
    await using client = await clientOf(fdfs, FROM_TRACKER);
    const { fileId } = await client.upload('hello');
    fdfs.inject({ command: 'PARAMETER_REQ', action: 'stall', times: 1 });
    const started = performance.now();
    await expect(client.stat(fileId, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
