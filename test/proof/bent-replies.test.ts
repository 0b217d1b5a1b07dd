/**
 * What the embedded server never does by itself: replies that lie about their length or come from something else,
 * connections lost at every single byte, servers that are not there. Each is counted: nothing is sent twice that must
 * not be, nothing stays leased, and the next call works.
 */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCommandCode } from '../../src/embedded/wire/command-codes.js';
import { ArgumentError, FastDFSError, NetworkError, ProtocolError, ServerError } from '../../src/index.js';
import { type Bend, BentCluster, cutAt, instead, splitAt, withLength } from '../helpers/bent.js';
import { bytes, pieces } from '../helpers/bytes.js';
import { countInUse } from '../helpers/in-use.js';
import {
  GROUP,
  hasReplyBody,
  keepsParts,
  OPERATIONS,
  type Operation,
  prepare,
} from '../helpers/operations.js';
import { onEmbedded } from '../helpers/servers.js';

const RETRIES = 2;
const QUICK = {
  networkTimeoutMs: 250,
  connectTimeoutMs: 500,
  retry: { retries: RETRIES, minTimeoutMs: 1, maxTimeoutMs: 1 },
  locationCache: false,
} as const;

/** Commands in the middle of an upload: what fails there takes the file with it. */
const INNER: readonly (Operation & { removes: true })[] = [
  {
    title: 'block of unknown length',
    command: 'MODIFY_FILE',
    to: 'storage',
    readOnly: false,
    repeatable: true,
    content: 50_000,
    removes: true,
    run: (client) =>
      client.upload(pieces(bytes(120_000)), {
        group: GROUP,
        blockBytes: 50_000,
        whenSizeUnknown: 'stream',
        finalize: 'rename',
      }),
  },
  {
    title: 'metadata of an upload',
    command: 'SET_METADATA',
    to: 'storage',
    readOnly: false,
    repeatable: true,
    content: 0,
    removes: true,
    run: (client) => client.upload('x', { group: GROUP, metadata: { a: 'b' } }),
  },
];
const ALL: readonly (Operation & { removes?: true })[] = [...OPERATIONS, ...INNER];

interface Cell {
  title: string;
  bend: Bend;
  error: abstract new (...args: never[]) => FastDFSError;
  message?: RegExp;
  /** Only for replies with a body. */
  body?: true;
}

const HTTP = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
const CELLS: readonly Cell[] = [
  { title: 'a negative length', bend: withLength(() => -1n), error: ProtocolError },
  { title: 'the most negative length', bend: withLength(() => -(2n ** 63n)), error: ProtocolError },
  { title: 'the largest length', bend: withLength(() => 2n ** 63n - 1n), error: ProtocolError },
  { title: 'a length of 2^53', bend: withLength(() => 2n ** 53n), error: ProtocolError },
  { title: 'a length of a terabyte', bend: withLength(() => 2n ** 40n), error: ProtocolError },
  {
    title: 'a length one long',
    bend: withLength((n) => n + 1n),
    error: FastDFSError,
    message: /(in the middle of its reply within|announced|announces)/,
  },
  {
    title: 'the command byte of a request',
    bend: (reply, send) => {
      reply[8] = 11;
      send(reply);
    },
    error: ProtocolError,
    message: /command 11 instead of 100/,
  },
  { title: 'an HTTP answer', bend: instead(HTTP), error: ProtocolError, message: /looks like an HTTP port/ },
];

onEmbedded('a bent reply', (server) => {
  let bent: BentCluster;
  beforeAll(async () => {
    bent = await BentCluster.before(server.fdfs);
  });
  afterAll(() => bent.close());

  async function run(operation: Operation, arm: () => void) {
    server.allowLeftovers();
    const straight = server.client();
    const fileId = await prepare(straight, operation);
    await straight.close();
    const client = server.client({ ...QUICK, mapAddress: bent.mapAddress });
    const { fdfs } = server;
    const code = readCommandCode(operation.command)!;
    const before = {
      requests: fdfs.requests(operation.command),
      sent: bent.requests(code),
      files: fdfs.files().length,
    };
    arm();
    const started = performance.now();
    const error = await operation.run(client, fileId).then(
      () => undefined,
      (failure) => failure as FastDFSError,
    );
    const took = performance.now() - started;
    bent.straighten();
    const requests = fdfs.requests(operation.command) - before.requests;
    const sent = bent.requests(code) - before.sent;
    const files = fdfs.files().length - before.files;
    return { client, error, took, requests, sent, files };
  }

  /** The same client, at once: nothing of the failure is left in it. */
  async function worksOn(client: Awaited<ReturnType<typeof run>>['client']) {
    const content = bytes(3000, 9);
    const { fileId } = await client.upload(content, { group: GROUP });
    expect((await client.download(fileId)).equals(content)).toBe(true);
    await client.delete(fileId);
    expect(countInUse(client)).toBe(0);
    await client.close();
    await expect.poll(() => server.fdfs.connections(), { interval: 2 }).toBe(0);
  }

  for (const operation of ALL) {
    const code = readCommandCode(operation.command)!;
    const body = hasReplyBody(operation.command);
    describe(`${operation.title} (${operation.command})`, () => {
      it.each(CELLS.filter((cell) => body || !cell.body).map((cell) => [cell.title, cell] as const))(
        '%s: a typed error in time, and nothing twice',
        async (_, cell) => {
          const outcome = await run(operation, () => bent.bend({ code, reply: cell.bend }));
          const error = outcome.error!;
          expect(error).toBeInstanceOf(cell.error);
          expect(error.code).toMatch(/^FASTDFS_/);
          expect(error.command).toBe(operation.command);
          if (cell.message) expect(error.message).toMatch(cell.message);
          expect(error.maybeApplied).toBe(!operation.readOnly && !operation.removes);
          expect(outcome.took).toBeLessThan(2000);
          // A lie is not believed the second time either: only lost connections are worth another attempt.
          expect(outcome.requests).toBe(1);
          expect(outcome.files).toBe(change(operation));
          await worksOn(outcome.client);
        },
      );

      it.skipIf(!body).each([
        ['one short', (n: bigint) => n - 1n],
        ['zero', () => 0n],
      ])('a length of %s: what is behind the reply is nobody’s', async (_, of) => {
        const outcome = await run(operation, () => bent.bend({ code, reply: withLength(of) }));
        if (outcome.error) expect(outcome.error).toBeInstanceOf(FastDFSError);
        expect(outcome.error).not.toBeInstanceOf(ArgumentError);
        expect(outcome.took).toBeLessThan(2000);
        if (!operation.repeatable) expect(outcome.requests).toBe(1);
        await worksOn(outcome.client);
      });

      it('an unknown status is reported unchanged', async () => {
        const { command } = operation;
        const outcome = await run(operation, () =>
          server.fdfs.inject({ command, action: 'status', status: 199, times: Number.POSITIVE_INFINITY }),
        );
        const { error } = outcome;
        expect(error).toBeInstanceOf(ServerError);
        expect(error).toMatchObject({
          code: 'FASTDFS_SERVER_ERROR',
          serverStatus: 199,
          maybeApplied: keepsParts(operation) && !operation.removes,
          command,
        });
        expect(outcome.requests).toBe(1);
        expect(outcome.files).toBe(0);
      });

      it('cut in two at any byte it is understood', async () => {
        for (const at of replyOffsets(operation)) {
          const { error, client, requests } = await run(operation, () =>
            bent.bend({ code, reply: splitAt(at) }),
          );
          expect(error, `at byte ${at}`).toBeUndefined();
          expect(requests).toBeGreaterThan(0);
          await client.close();
          server.fdfs.reset();
        }
      });

      it('lost at any byte of the reply: reported, and repeated only where that is safe', async () => {
        for (const at of replyOffsets(operation)) {
          const outcome = await run(operation, () => bent.bend({ code, reply: cutAt(at) }));
          const { error, requests } = outcome;
          expect(error, `at byte ${at}`).toBeInstanceOf(NetworkError);
          expect(error).toMatchObject({
            code: 'FASTDFS_CONNECTION_LOST',
            maybeApplied: !operation.readOnly && !operation.removes,
          });
          if (operation.repeatable) expect(requests).toBeGreaterThan(1);
          else expect(requests, `at byte ${at}`).toBe(1);
          expect(requests).toBeLessThanOrEqual(40);
          expect(outcome.files).toBe(change(operation));
          await outcome.client.close();
          server.fdfs.reset();
        }
      });

      it('lost right behind the reply: the call succeeds', async () => {
        const outcome = await run(operation, () =>
          bent.bend({ code, reply: cutAt(Number.MAX_SAFE_INTEGER) }),
        );
        // The next command of the same upload may already be on its way over the connection that is going away.
        if (operation.command === 'MODIFY_FILE' && operation.removes && outcome.error)
          expect(outcome.error).toMatchObject({
            command: 'REGENERATE_APPENDER_FILENAME',
            maybeApplied: false,
          });
        else expect(outcome.error).toBeUndefined();
        await worksOn(outcome.client);
      });

      it('lost at some byte of the request: not executed, and repeated only where that is safe', async () => {
        for (const at of requestOffsets(operation)) {
          const outcome = await run(operation, () => bent.bend({ code, cutRequestAt: at }));
          const { error } = outcome;
          expect(error, `at byte ${at}`).toBeInstanceOf(NetworkError);
          expect(outcome.sent, `at byte ${at}`).toBe(operation.repeatable ? RETRIES + 1 : 1);
          expect(outcome.requests, `at byte ${at}`).toBeLessThanOrEqual(outcome.sent);
          expect(outcome.files, `at byte ${at}`).toBe(0);
          // Every byte has been handed to the socket, and how far they came is unknown.
          if (!operation.gradual)
            expect(error!.maybeApplied, `at byte ${at}`).toBe(!operation.readOnly && !operation.removes);
          await worksOn(outcome.client);
        }
      });
    });
  }
});

onEmbedded('an upload that is cut while its source has more to give', (server) => {
  it.each([0, 1, 9, 10, 25, 100_000])('after %i bytes: certainly no file, and not sent again', async (at) => {
    await using bent = await BentCluster.before(server.fdfs);
    const client = server.client({ ...QUICK, mapAddress: bent.mapAddress });
    const code = readCommandCode('UPLOAD_FILE')!;
    bent.bend({ code, cutRequestAt: at });
    const source = new Readable({ read() {} });
    source.push(bytes(200_000));
    const error = await client.upload(source, { group: GROUP, size: 700_000 }).catch((failure) => failure);
    expect(error).toMatchObject({
      code: 'FASTDFS_CONNECTION_LOST',
      command: 'UPLOAD_FILE',
      maybeApplied: false,
      retryable: false,
    });
    expect(bent.requests(code)).toBe(1);
    expect(source.destroyed).toBe(true);
    expect(server.fdfs.files()).toEqual([]);
    bent.straighten();
    const { fileId } = await client.upload('next', { group: GROUP });
    await client.delete(fileId);
  });
});

/** Files more or less after the server has executed the request once. */
function change(operation: Operation & { removes?: true }): number {
  if (operation.removes || !operation.command.match(/^UPLOAD|^DELETE/)) return 0;
  return operation.command === 'DELETE_FILE' ? -1 : 1;
}

/** Every byte of header and body, of long replies the first and some. */
function replyOffsets({ command }: Operation): number[] {
  const header = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  if (command === 'DOWNLOAD_FILE') return header;
  if (!hasReplyBody(command)) return header;
  return [...header, 10, 11, 12, 25, 26, 27];
}

function requestOffsets({ content }: Operation): number[] {
  const inner = [0, 1, 8, 9];
  return content > 0 ? [...inner, 10, 11, 25, Math.floor(content / 2)] : inner;
}
