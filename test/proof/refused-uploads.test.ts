/** A storage that refuses a new file is passed over, within the group first; other refusals are answers. */
import { expect, it } from 'vitest';
import { onEmbedded } from '../helpers/servers.js';

onEmbedded('an upload', (server) => {
  it.each([2, 5, 12, 16, 17, 28])(
    'a new file that a storage refuses with %d goes to another',
    async (status) => {
      const client = server.client({ group: 'group1' });
      server.fdfs.inject({ command: 'UPLOAD_FILE', server: 'group1/0', action: 'status', status, times: 99 });
      const hosts = new Set<number>();
      for (let round = 0; round < 4; round++) {
        const { fileId, storage } = await client.upload(`round ${round}`);
        hosts.add(storage.port);
        await client.delete(fileId);
      }
      expect([...hosts]).toEqual([Number(server.fdfs.storageAddress('group1', 1).split(':')[1])]);
    },
  );

  it('an upload to any group leaves a group whose storages all refuse', async () => {
    const client = server.client();
    for (const storage of ['group1/0', 'group1/1']) {
      server.fdfs.inject({
        command: 'UPLOAD_FILE',
        server: storage,
        action: 'status',
        status: 28,
        times: 99,
      });
    }
    for (let round = 0; round < 4; round++) {
      const { fileId, group } = await client.upload(`round ${round}`);
      expect(group).toBe('group2');
      await client.delete(fileId);
    }
  });

  it('a slave that exists is no refusal of the storage: it is not sent to another', async () => {
    const client = server.client({ group: 'group1' });
    const { fileId } = await client.upload('master');
    const slave = await client.uploadSlave(fileId, '_s', 'slave');
    const before = server.fdfs.requests('UPLOAD_SLAVE_FILE');
    await expect(client.uploadSlave(fileId, '_s', 'again')).rejects.toMatchObject({ code: 'FASTDFS_EXISTS' });
    expect(server.fdfs.requests('UPLOAD_SLAVE_FILE') - before).toBe(1);
    await client.delete(slave.fileId);
    await client.delete(fileId);
  });
});
