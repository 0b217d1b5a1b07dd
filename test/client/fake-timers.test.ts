/** Applications fake the timers in their tests: no call waits for a timer that then never fires. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient } from '../../src/index.js';
import { bytes, pieces } from '../helpers/bytes.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('calls one after the other and many at once, and the end of client and servers', async () => {
  const fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2 }, syncDelayMs: 0 });
  const client = createClient(fdfs.options);
  const { fileId } = await client.upload(bytes(100_000), { metadata: { a: 'b' } });
  vi.advanceTimersByTime(3_600_000);
  const several = Array.from({ length: 40 }, (_, index) => client.upload(pieces(bytes(2000 + index))));
  const ids = (await Promise.all(several)).map((result) => result.fileId);
  await Promise.all(ids.map((id) => client.download(id)));
  vi.setSystemTime(new Date('2035-01-01'));
  await client.uploadSlave(fileId, '_small', 'text');
  await client.deleteMany([fileId, ...ids]);
  await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_NOT_FOUND' });
  await client.close();
  await fdfs.stop();
});
