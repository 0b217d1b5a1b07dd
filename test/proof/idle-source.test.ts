/** A failure is reported when it happens, also to a call whose source has nothing to give at that moment. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type FastDFSClient, FastDFSError, type FastDFSOptions } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { onEmbedded } from '../helpers/servers.js';

const QUICK: Partial<FastDFSOptions> = { networkTimeoutMs: 200, retry: { retries: 0 }, locationCache: false };
const FIRST = 100_000;

/** Gives so much, and then nothing more. */
function resting(): Readable {
  const source = new Readable({ read() {} });
  source.push(bytes(FIRST));
  return source;
}

type Run = (
  client: FastDFSClient,
  source: Readable,
  appender: string,
  signal?: AbortSignal,
) => Promise<unknown>;
const WRITERS: readonly [string, string, Run][] = [
  [
    'an upload of known length',
    'UPLOAD_FILE',
    (client, source, _, signal) => client.upload(source, { size: 700_000, ...(signal ? { signal } : {}) }),
  ],
  [
    'an upload of unknown length',
    'UPLOAD_APPENDER_FILE',
    (client, source, _, signal) =>
      client.upload(source, {
        whenSizeUnknown: 'stream',
        blockBytes: 30_000,
        ...(signal ? { signal } : {}),
      }),
  ],
  [
    'an append',
    'APPEND_FILE',
    (client, source, id, signal) =>
      client.append(id, source, { blockBytes: 60_000, ...(signal ? { signal } : {}) }),
  ],
  [
    'a modify',
    'MODIFY_FILE',
    (client, source, id, signal) =>
      client.modify(id, 0, source, { blockBytes: 60_000, ...(signal ? { signal } : {}) }),
  ],
  [
    'an upload by a function',
    'UPLOAD_FILE',
    (client, source, _, signal) =>
      client.upload(
        async (write) => {
          for await (const chunk of source) await write(chunk);
        },
        { size: 700_000, ...(signal ? { signal } : {}) },
      ),
  ],
];

onEmbedded('a source that rests', (server) => {
  async function ends(run: Run, arm: (stop: AbortController) => void): Promise<unknown> {
    const client = server.client(QUICK);
    const { fileId } = await client.upload('appender', { appender: true });
    const source = resting();
    const stop = new AbortController();
    const running = run(client, source, fileId, stop.signal).catch((error) => error);
    arm(stop);
    const started = performance.now();
    const error = await running;
    expect(performance.now() - started).toBeLessThan(2000);
    source.destroy();
    await client.delete(fileId);
    return error;
  }

  describe.each(WRITERS)('of %s', (_, command, run) => {
    it.each(['reset', 'close', 'stall'] as const)('learns of a server that fails: %s', async (action) => {
      server.fdfs.inject({ command, action, phase: 'request', afterBytes: 20_000 });
      const error = await ends(run, () => undefined);
      expect(error).toBeInstanceOf(FastDFSError);
      expect(error).toMatchObject({ command });
      server.allowLeftovers();
    });

    it('is left at once when the call is aborted', async () => {
      const reason = new Error('enough');
      expect(await ends(run, (stop) => setTimeout(() => stop.abort(reason), 50))).toBe(reason);
    });
  });

  it('of an upload that is spooled is left at once when the call is aborted', async () => {
    const reason = new Error('enough');
    const run: Run = (client, source, _, signal) => client.upload(source, { blockBytes: 30_000, signal });
    expect(await ends(run, (stop) => setTimeout(() => stop.abort(reason), 50))).toBe(reason);
  });

  it('and a function that throws: its own error is that of the call', async () => {
    const client = server.client(QUICK);
    const mine = new Error('mine');
    const fail = () => {
      throw mine;
    };
    await expect(client.upload(fail)).rejects.toBe(mine);
    await expect(client.upload(async (write) => write('some').then(fail))).rejects.toBe(mine);
  });

  it('for longer than the network time-out is named as what is slow', async () => {
    const client = server.client(QUICK);
    const error = await client.upload(resting(), { size: 700_000 }).catch((failure) => failure);
    expect(error).toMatchObject({ code: 'FASTDFS_PROGRESS_TIMEOUT', maybeApplied: false });
    expect(error.message).toMatch(/the source stopped/);
  });
});
