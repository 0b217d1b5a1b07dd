/** The connection rule: what a reply, a refusal or a failure makes of the connection, and of the error. */
import { describe, expect, it, vi } from 'vitest';
import { ClosedError, FastDFSError, NetworkError } from '../../../src/core/base/errors.js';
import type { Connection, ExchangeSink } from '../../../src/core/net/connection.js';
import { call } from '../../../src/core/net/exchange.js';
import type { Command } from '../../../src/core/protocol/command.js';
import {
  appendFile,
  deleteFile,
  modifyFile,
  queryFileInfo,
  uploadFile,
} from '../../../src/core/protocol/storage-commands.js';

/** A connection whose events the test makes. */
class FakeConnection {
  readonly name = '10.0.0.1:23000';
  readonly role = 'storage';
  readonly timeoutMs = 1000;
  sink: ExchangeSink | undefined;
  readonly destroy = vi.fn();
  readonly write = vi.fn(() => true);
  readonly writeJoined = vi.fn();
  readonly writeAll = vi.fn(() => true);
  begin(sink: ExchangeSink): void {
    this.sink = sink;
  }

  reply(status: number, body = Buffer.alloc(0), surplus = 0): void {
    this.sink!.onHeader({ length: body.length, command: 100, status });
    if (body.length > 0) this.sink!.onBody(body);
    this.sink!.onEnd(surplus);
  }
}

const NAME = { group: 'group1', remoteFilename: 'M00/00/00/name' };

function start<Args, Reply>(command: Command<Args, Reply>, args: Args, size = 0, signal?: AbortSignal) {
  const connection = new FakeConnection();
  const owner = { release: vi.fn(), recordFailure: vi.fn() };
  const content = size === 0 ? [] : [Buffer.alloc(size)];
  const outcome = call(
    owner,
    connection as unknown as Connection,
    command,
    args,
    { fileId: 'group1/M00/00/00/name', signal },
    content,
  ).then(
    (value) => ({ value }),
    (error: FastDFSError) => ({ error }),
  );
  return { connection, owner, outcome };
}

const upload = (size: number) => start(uploadFile, { storePathIndex: 0, size, ext: '' }, size);
const fate = ({ connection, owner }: { connection: FakeConnection; owner: { release: unknown } }) => ({
  released: vi.mocked(owner.release as () => void).mock.calls.length,
  destroyed: connection.destroy.mock.calls.length,
});
const RELEASED = { released: 1, destroyed: 0 };
const DESTROYED = { released: 0, destroyed: 1 };

describe('a connection', () => {
  it('is released after a complete reply', async () => {
    const exchange = start(deleteFile, NAME);
    exchange.connection.reply(0);
    expect(await exchange.outcome).toEqual({ value: undefined });
    expect(fate(exchange)).toEqual(RELEASED);
  });

  it.each([
    ['2 of a small request', 2, 0, RELEASED],
    ['28 of 128 KiB', 28, 128 * 1024, RELEASED],
    ['28 of more than 128 KiB, as its rest may be unread', 28, 128 * 1024 + 1, DESTROYED],
    ['22, after which storages close', 22, 0, DESTROYED],
  ])('after a refusal with %s', async (_, status, size, expected) => {
    const exchange = size === 0 ? start(deleteFile, NAME) : upload(size);
    exchange.connection.reply(status);
    expect(await exchange.outcome).toMatchObject({ error: { serverStatus: status } });
    expect(fate(exchange)).toEqual(expected);
  });

  it.each<[string, (connection: FakeConnection) => void]>([
    ['bytes behind the reply', (connection) => connection.reply(0, undefined, 1)],
    ['bytes behind a refusal', (connection) => connection.reply(2, undefined, 1)],
    ['a time-out', (connection) => connection.sink!.onStalled()],
    [
      'a loss',
      (connection) => connection.sink!.onFailed(new NetworkError('FASTDFS_CONNECTION_LOST', 'lost')),
    ],
  ])('is destroyed after %s', async (_, end) => {
    const exchange = start(deleteFile, NAME);
    end(exchange.connection);
    expect(await exchange.outcome).toMatchObject({ error: expect.any(FastDFSError) });
    expect(fate(exchange)).toEqual(DESTROYED);
  });

  it('is destroyed when the reply cannot be decoded', async () => {
    const exchange = start(queryFileInfo, { ...NAME, withoutCrc: true, silent: true });
    exchange.connection.reply(0, Buffer.alloc(5));
    expect(await exchange.outcome).toMatchObject({ error: { code: 'FASTDFS_PROTOCOL' } });
    expect(fate(exchange)).toEqual(DESTROYED);
  });

  it('is destroyed by an abort, whose reason is the error', async () => {
    const controller = new AbortController();
    const exchange = start(deleteFile, NAME, 0, controller.signal);
    controller.abort(new Error('enough'));
    expect(await exchange.outcome).toMatchObject({ error: { message: 'enough' } });
    expect(fate(exchange)).toEqual(DESTROYED);
  });

  it('is not written to after an abort that came before the request', async () => {
    const exchange = start(deleteFile, NAME, 0, AbortSignal.abort(new Error('enough')));
    expect(await exchange.outcome).toMatchObject({ error: { message: 'enough' } });
    expect(exchange.connection.write).not.toHaveBeenCalled();
  });
});

describe('an error', () => {
  const lose = (connection: FakeConnection) =>
    connection.sink!.onFailed(new NetworkError('FASTDFS_CONNECTION_LOST', 'lost'));

  it.each([
    [
      'a read may be repeated',
      start.bind(null, queryFileInfo, { ...NAME, withoutCrc: true, silent: true }, 0),
      true,
      false,
    ],
    ['an upload is in doubt', () => upload(10), false, true],
    [
      'a modification is in doubt and may be repeated',
      () => start(modifyFile, { remoteFilename: 'n', offset: 0, size: 9 }, 9),
      true,
      true,
    ],
    ['an append is in doubt', () => start(appendFile, { remoteFilename: 'n', size: 9 }, 9), false, true],
  ])('after a loss: %s', async (_, begin, retryable, maybeApplied) => {
    const exchange = begin();
    lose(exchange.connection);
    expect(await exchange.outcome).toMatchObject({
      error: { retryable, maybeApplied, address: '10.0.0.1:23000', fileId: 'group1/M00/00/00/name' },
    });
  });

  it('of a closed client is not retryable', async () => {
    const exchange = start(queryFileInfo, { ...NAME, withoutCrc: true, silent: true });
    exchange.connection.sink!.onFailed(new ClosedError());
    expect(await exchange.outcome).toMatchObject({ error: { retryable: false } });
  });

  it.each([
    ['22 of an append: nothing was written', 22, false],
    ['28 of an append: a part may be', 28, true],
  ])('of a refusal with %s', async (_, status, maybeApplied) => {
    const exchange = start(appendFile, { remoteFilename: 'n', size: 9 }, 9);
    exchange.connection.reply(status);
    expect(await exchange.outcome).toMatchObject({ error: { maybeApplied, retryable: false } });
  });

  it('"not found" is never retryable', async () => {
    const exchange = start(queryFileInfo, { ...NAME, withoutCrc: true, silent: true });
    exchange.connection.reply(2);
    expect(await exchange.outcome).toMatchObject({ error: { retryable: false, maybeApplied: false } });
  });

  it('of a server that gives no answer is recorded for the backoff', async () => {
    const exchange = start(deleteFile, NAME);
    exchange.connection.sink!.onStalled();
    expect(await exchange.outcome).toMatchObject({ error: { code: 'FASTDFS_RESPONSE_TIMEOUT' } });
    expect(exchange.owner.recordFailure).toHaveBeenCalledTimes(1);
  });
});
