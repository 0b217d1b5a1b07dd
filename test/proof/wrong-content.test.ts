/** Content that is none, and places that are none, reject like any other wrong argument: nothing ends the process. */
import { createClient, type FastDFSClient, type Source } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const NO_CONTENT = {
  'a number': () => 5,
  null: () => null,
  undefined: () => undefined,
  'an object': () => ({}),
  'a list of numbers': () => ['text', 5],
  'a generator of objects': async function* () {
    yield {};
  },
};

describe('content', () => {
  let fdfs: EmbeddedFastDFS;
  let client: FastDFSClient;
  const uncaught: unknown[] = [];
  const hear = (error: unknown) => uncaught.push(error);

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start();
    client = createClient(fdfs.options);
    process.on('uncaughtException', hear);
  });
  afterAll(async () => {
    process.off('uncaughtException', hear);
    await client.close();
    await fdfs.stop();
  });

  it.each(Object.entries(NO_CONTENT))('that is %s rejects, and leaves nothing behind', async (_, make) => {
    const { fileId } = await client.upload('', { appender: true });
    for (const call of [
      client.upload(make() as Source),
      client.append(fileId, make() as Source),
      client.modify(fileId, 0, make() as Source),
    ]) {
      await expect(call).rejects.toThrow(/must be/);
    }
    expect((await client.stat(fileId)).size).toBe(0);
    await client.delete(fileId);
    expect(fdfs.files()).toEqual([]);
    expect(uncaught).toEqual([]);
  });

  it.each([-1, 1.5, Number.NaN])('at offset %d is refused before anything is sent', async (start) => {
    const { fileId } = await client.upload('content', { appender: true });
    const sent = fdfs.requests();
    await expect(client.modify(fileId, start, 'x')).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    expect(fdfs.requests()).toBe(sent);
    await client.delete(fileId);
  });
});
