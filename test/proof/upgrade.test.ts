/** Files that an old version of the servers has written are as good as new ones once its programs are replaced. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, FastDFSAdmin, type FastDFSClient } from '../../src/index.js';
import { RealCluster } from '../helpers/real/real-cluster.js';
import { canStartCluster, startCluster } from '../helpers/real/shared-cluster.js';

/** Folder of an old version's `fdfs_trackerd` and `fdfs_storaged`; the programs on the PATH replace them. */
const OLD = process.env.FDFS_TEST_OLD_BIN;
const obstacle = OLD
  ? (RealCluster.findObstacle(OLD) ?? (canStartCluster() ? undefined : 'no new version on the PATH'))
  : 'FDFS_TEST_OLD_BIN names no old version';
const START_MS = 160_000;
const SIZES = [0, 1, 100, 64 * 1024 - 1, 256 * 1024 + 1];

describe.skipIf(obstacle !== undefined)(`data of an older version${obstacle ? `: ${obstacle}` : ''}`, () => {
  let cluster: RealCluster;
  let client: FastDFSClient;
  const contents = new Map<string, Buffer>();
  let appender: string;
  let slave: string;

  beforeAll(async () => {
    cluster = await startCluster({ bin: path.resolve(OLD!) });
    client = createClient({ trackers: cluster.trackers });
    for (const size of SIZES.flatMap((each) => [each, each])) {
      const content = randomBytes(size);
      const { fileId } = await client.upload(content, { ext: 'bin', metadata: { size: String(size) } });
      contents.set(fileId, content);
    }
    const master = [...contents.keys()].at(-1)!;
    slave = (await client.uploadSlave(master, '_small', 'slave', { ext: 'txt' })).fileId;
    contents.set(slave, Buffer.from('slave'));
    appender = (await client.upload('old ', { appender: true, ext: 'log' })).fileId;
    await client.close();
    await cluster.upgrade();
    client = createClient({ trackers: cluster.trackers });
  }, 2 * START_MS);
  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  it('is read, checked and described', async () => {
    for (const [fileId, content] of contents) {
      expect(content.equals(await client.download(fileId)), fileId).toBe(true);
      expect(await client.exists(fileId), fileId).toBe(true);
      expect((await client.stat(fileId, { source: 'server' })).size, fileId).toBe(content.length);
      const metadata = fileId === slave ? {} : { size: String(content.length) };
      expect(await client.getMetadata(fileId), fileId).toEqual(metadata);
    }
  });

  it('is changed', async () => {
    await client.append(appender, 'and new');
    expect(String(await client.download(appender))).toBe('old and new');
    await client.setMetadata(slave, { changed: 'yes' });
    expect(await client.getMetadata(slave)).toEqual({ changed: 'yes' });
  });

  it(
    'is listed beside new files, and verified',
    async () => {
      const { fileId } = await client.upload('new');
      contents.set(fileId, Buffer.from('new'));
      await using admin = new FastDFSAdmin(client);
      const known = [...contents.keys(), appender].sort();
      const list = async () => {
        const listed: string[] = [];
        for await (const file of admin.listFiles()) listed.push(file.fileId);
        return listed.sort();
      };
      await expect.poll(list, { timeout: 30_000, interval: 500 }).toEqual(known);
      const faults = async () => {
        const found: unknown[] = [];
        for await (const fault of admin.verify()) found.push(fault);
        return found;
      };
      await expect.poll(faults, { timeout: 60_000, interval: 1_000 }).toEqual([]);
    },
    START_MS,
  );

  it('is deleted', async () => {
    for (const fileId of [slave, appender, ...[...contents.keys()].filter((each) => each !== slave)]) {
      await client.delete(fileId);
      await expect.poll(() => client.exists(fileId), { timeout: 15_000, message: fileId }).toBe(false);
    }
  });
});
