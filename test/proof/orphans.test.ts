/** An upload that is given up leaves nothing; where that cannot be helped its error names what it left, whichever way it went. */
import { expect, it } from 'vitest';
import { engineOf } from '../../src/client.js';
import { ClosedError, type FastDFSClient, NetworkError } from '../../src/index.js';
import { bytes, pieces } from '../helpers/bytes.js';
import { onEmbedded } from '../helpers/servers.js';

const SIZE = 20_000;

type Send = (client: FastDFSClient, signal: AbortSignal) => Promise<unknown>;
const UPLOADS: readonly [string, string, Send][] = [
  ['from memory', 'UPLOAD_FILE', (client, signal) => client.upload(bytes(SIZE), { signal })],
  [
    'of a stream',
    'UPLOAD_FILE',
    (client, signal) => client.upload(pieces(bytes(SIZE), 5000), { size: SIZE, signal }),
  ],
  [
    'of unknown length',
    'UPLOAD_APPENDER_FILE',
    (client, signal) =>
      client.upload(pieces(bytes(SIZE), 5000), { blockBytes: 6000, whenSizeUnknown: 'stream', signal }),
  ],
  [
    'from a spool file',
    'UPLOAD_FILE',
    (client, signal) => client.upload(pieces(bytes(SIZE), 5000), { blockBytes: 6000, signal }),
  ],
];

onEmbedded('an upload that is aborted while its answer is on its way', (server) => {
  /** Aborts when the storage has the file and says so a byte a millisecond; nothing the client does undoes the file then. */
  async function aborted(command: string, send: Send, reason: unknown): Promise<unknown> {
    const client = server.client();
    const stop = new AbortController();
    server.fdfs.inject({ command, action: 'slow' });
    const sending = send(client, stop.signal).then(
      () => expect.fail('it was not aborted'),
      (error) => error,
    );
    await expect.poll(() => server.fdfs.files().length, { interval: 1 }).toBe(1);
    stop.abort(reason);
    return await sending;
  }

  it.each(UPLOADS)(
    '%s: rejects with the reason itself, and the file is removed',
    async (_, command, send) => {
      const reason = new Error('changed my mind');
      expect(await aborted(command, send, reason)).toBe(reason);
      expect(reason).not.toHaveProperty('orphan');
      expect(server.fdfs.files()).toEqual([]);
    },
  );

  it.each(UPLOADS)('%s: a file that cannot be removed is named', async (_, command, send) => {
    const reason = new Error('changed my mind');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    const error = await aborted(command, send, reason);
    const [left] = server.fdfs.files();
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ code: 'FASTDFS_ORPHAN', orphan: left!.fileId, cause: reason });
    await server.client().delete(left!.fileId);
  });

  it.each(UPLOADS)('%s: says that there may be a file when its answer is lost', async (_, command, send) => {
    server.allowLeftovers();
    const client = server.client();
    const stop = new AbortController();
    server.fdfs.inject({ command, action: 'slow' });
    const sending = send(client, stop.signal).catch((error) => error);
    await expect.poll(() => server.fdfs.files().length, { interval: 1 }).toBe(1);
    // In one turn, as when a client is closed: the upload has not seen yet that its answer is lost.
    engineOf(client).pools.abortAll(() => new ClosedError());
    stop.abort(new ClosedError('the page was left'));
    expect(await sending).toMatchObject({ message: 'the page was left', maybeApplied: true });
  });

  it.each(UPLOADS)('%s: a reason of our own names it by itself', async (_, command, send) => {
    const reason = new ClosedError('the page was left');
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5 });
    expect(await aborted(command, send, reason)).toBe(reason);
    const [left] = server.fdfs.files();
    expect(reason.orphan).toBe(left!.fileId);
    await server.client().delete(left!.fileId);
  });
});

onEmbedded('several uploads that are aborted by one signal', (server) => {
  it('name their own files, whatever the reason', async () => {
    const client = server.client();
    const stop = new AbortController();
    const reason = new ClosedError('the page was left');
    server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'slow', times: 3 });
    server.fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 5, times: 3 });
    const sending = Promise.allSettled(
      [1, 2, 3].map((seed) => client.upload(bytes(SIZE, seed), { signal: stop.signal })),
    );
    await expect.poll(() => server.fdfs.files().length, { interval: 1 }).toBe(3);
    stop.abort(reason);
    const errors = (await sending).map((outcome) => (outcome as PromiseRejectedResult).reason);
    const left = server.fdfs.files().map(({ fileId }) => fileId);
    expect(errors.map(({ orphan }) => orphan).sort()).toEqual([...left].sort());
    for (const error of errors) expect([error, error.cause]).toContain(reason);
    for (const fileId of left) await client.delete(fileId);
  });
});
