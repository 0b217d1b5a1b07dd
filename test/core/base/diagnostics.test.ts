/** What listeners on the channels of `node:diagnostics_channel` hear. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, it, vi } from 'vitest';
import type { CommandEvent, ConnectEvent } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEmbedded } from '../../helpers/servers.js';

type Heard = { what: string; event: CommandEvent & ConnectEvent };

onEmbedded('diagnostics', (server) => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  function listen(...names: string[]): Heard[] {
    const heard: Heard[] = [];
    for (const what of names) {
      const listener = (event: unknown) => {
        const { durationMs, error, ...rest } = event as Heard['event'];
        heard.push({ what, event: { ...rest, durationMs, error } });
      };
      subscribe(`fastdfs-streams:${what}`, listener);
      stops.push(() => unsubscribe(`fastdfs-streams:${what}`, listener));
    }
    return heard;
  }

  it('tell the start and the end of every command', async () => {
    const client = server.client({ group: 'group1' });
    const heard = listen('command:start', 'command:end', 'command:error');
    const { fileId } = await client.upload(bytes(1000));
    await client.download(fileId, { start: 100, end: 299 });
    await client.delete(fileId);
    expect(heard.map(({ what, event }) => `${what} ${event.command}`)).toEqual([
      'command:start QUERY_STORE_WITH_GROUP_ONE',
      'command:end QUERY_STORE_WITH_GROUP_ONE',
      'command:start UPLOAD_FILE',
      'command:end UPLOAD_FILE',
      'command:start QUERY_FETCH_ONE',
      'command:end QUERY_FETCH_ONE',
      'command:start DOWNLOAD_FILE',
      'command:end DOWNLOAD_FILE',
      'command:start DELETE_FILE',
      'command:end DELETE_FILE',
    ]);
    const of = (command: string) =>
      heard.find(({ what, event }) => what === 'command:end' && event.command === command)!.event;
    expect(of('QUERY_STORE_WITH_GROUP_ONE')).toMatchObject({ role: 'tracker', bytesSent: 0, retries: 0 });
    expect(of('UPLOAD_FILE')).toMatchObject({ role: 'storage', bytesSent: 1000, bytesReceived: 0 });
    expect(of('DOWNLOAD_FILE')).toMatchObject({ fileId, bytesSent: 0, bytesReceived: 200 });
    expect(of('UPLOAD_FILE').address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(of('UPLOAD_FILE').durationMs).toBeGreaterThan(0);
  });

  it('tell of one command by one object', async () => {
    const client = server.client();
    const open = new Set<object>();
    let closed = 0;
    const onStart = (event: unknown) => void open.add(event as object);
    const onEnd = (event: unknown) => {
      if (open.delete(event as object)) closed++;
    };
    subscribe('fastdfs-streams:command:start', onStart);
    subscribe('fastdfs-streams:command:end', onEnd);
    stops.push(() => unsubscribe('fastdfs-streams:command:start', onStart));
    stops.push(() => unsubscribe('fastdfs-streams:command:end', onEnd));
    const { fileId } = await client.upload('one');
    await client.delete(fileId);
    expect({ left: open.size, closed }).toEqual({ left: 0, closed: 3 });
  });

  it('tell of failures, and which attempt it is', async () => {
    const client = server.client({ group: 'group1' });
    const { fileId } = await client.upload(bytes(5000));
    const heard = listen('command:end', 'command:error');
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'reset', phase: 'reply', afterBytes: 2000 });
    await client.download(fileId);
    const [broken, whole] = heard.filter(({ event }) => event.command === 'DOWNLOAD_FILE');
    expect(broken).toMatchObject({
      what: 'command:error',
      event: { fileId, retries: 0, error: { code: 'FASTDFS_CONNECTION_LOST' } },
    });
    const first = broken!.event.bytesReceived;
    expect(whole).toMatchObject({ what: 'command:end', event: { retries: 1, bytesReceived: 5000 - first } });
    await client.delete(fileId);
    heard.length = 0;
    await client.exists(fileId);
    expect(heard.some(({ event }) => (event.error as { serverStatus?: number })?.serverStatus === 2)).toBe(
      true,
    );
  });

  it('tell of an upload that is given up, and how far it came', async () => {
    const client = server.client();
    const heard = listen('command:error');
    const upload = client.createUploadStream({ size: 10_000 });
    upload.on('error', () => undefined);
    await new Promise<void>((resolve) => upload.write(bytes(4000), () => resolve()));
    upload.destroy(new Error('enough'));
    await new Promise((resolve) => upload.once('close', resolve));
    expect(heard).toMatchObject([{ event: { command: 'UPLOAD_FILE', bytesSent: 4000 } }]);
  });

  it('name the role of the server that a connection test goes to', async () => {
    const client = server.client({ group: 'group1' });
    const { fileId } = await client.upload('one');
    const heard = listen('command:end');
    const start = performance.now();
    const now = vi.spyOn(performance, 'now').mockImplementation(() => start + 11_000);
    try {
      await client.delete(fileId);
    } finally {
      now.mockRestore();
    }
    const tests = heard.filter(({ event }) => event.command === 'ACTIVE_TEST');
    expect(tests.map(({ event }) => event.role)).toEqual(['tracker', 'storage']);
  });

  it('tell of connections, and of those that could not be made', async () => {
    const heard = listen('connect:start', 'connect:end', 'connect:error');
    const client = server.client({ group: 'group1' });
    const { fileId } = await client.upload('one');
    expect(heard.map(({ what, event }) => `${what} ${event.role}`)).toEqual([
      'connect:start tracker',
      'connect:end tracker',
      'connect:start storage',
      'connect:end storage',
    ]);
    await client.delete(fileId);
    heard.length = 0;
    const lost = server.client({ trackers: '127.0.0.1:1', retry: { retries: 0 } });
    await lost.locate(fileId).catch(() => undefined);
    expect(heard).toMatchObject([
      { what: 'connect:start', event: { role: 'tracker', address: '127.0.0.1:1', error: undefined } },
      { what: 'connect:error', event: { error: { code: 'FASTDFS_CONNECT_FAILED' } } },
    ]);
  });
});
