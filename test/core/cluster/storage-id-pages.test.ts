/** Lists that a broken or hostile tracker announces: bounded, typed errors, and no load that no call waits for. */
import { describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '../../../src/core/base/errors.js';
import { StorageIds } from '../../../src/core/cluster/storage-ids.js';
import type { TrackerClient } from '../../../src/core/cluster/trackers.js';
import { MAX_STORAGES } from '../../../src/core/model/limits.js';
import type { ExchangeOptions } from '../../../src/core/net/exchange.js';
import type { Command } from '../../../src/core/protocol/command.js';
import {
  fetchStorageIds,
  queryFetchOne,
  queryStoreWithoutGroupOne,
} from '../../../src/core/protocol/tracker-commands.js';

function page(total: number, count: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(total, 0);
  head.writeInt32BE(count, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

const ARGS = { start: 0, withAllowEmpty: true };

describe('a page of storage ids', () => {
  it.each([
    ['more storages than a cluster has', page(2 ** 31 - 1, 1, '1 group1 10.0.0.1\n')],
    ['one storage more than a cluster has', page(MAX_STORAGES + 1, 1, '1 group1 10.0.0.1\n')],
    ['a negative number', page(-1, 0, '')],
    ['more than the whole list', page(1, 2, '1 group1 10.0.0.1\n2 group1 10.0.0.2\n')],
    ['130,000 lines of one character', page(MAX_STORAGES, 1, 'a\n'.repeat(130_000))],
    ['fewer lines than announced', page(2, 2, '1 group1 10.0.0.1\n')],
  ])('is refused with %s', (_, body) => {
    expect(() => fetchStorageIds.decode(body, ARGS)).toThrow(ProtocolError);
  });

  it('is read with all that a cluster can have', () => {
    const line = '100001 group1 10.0.0.1\n';
    const { lines } = fetchStorageIds.decode(page(MAX_STORAGES, 1000, line.repeat(1000)), ARGS);
    expect(lines).toHaveLength(1000);
  });
});

/** Trackers whose pages come as `answer` says. */
function createIds(answer: (start: number, signal: AbortSignal) => Promise<unknown>) {
  const warn = vi.fn();
  const ask = (command: Command<unknown, unknown>, args: { start: number }, { signal }: ExchangeOptions) =>
    command.name === 'PARAMETER_REQ' ? Promise.resolve({ use_storage_id: '1' }) : answer(args.start, signal!);
  const logger = { debug() {}, info() {}, warn, error() {} };
  return { ids: new StorageIds({ ask } as unknown as TrackerClient, logger, 'trackers'), warn };
}

describe('loading storage ids', () => {
  it('joins large pages', async () => {
    const total = 10_000;
    const { ids } = createIds(async (start) => ({
      total,
      count: 2_500,
      lines: Array.from({ length: 2_500 }, (_, index) => {
        const number = start + index;
        return `${number + 1} group1 10.1.${number >> 8}.${number & 255}`;
      }),
    }));
    expect(await ids.find(total, {})).toBe('10.1.39.15');
  });

  it('ends when a tracker sends fewer than it announces', async () => {
    const { ids, warn } = createIds(async () => ({ total: 3, count: 0, lines: [] }));
    expect(await ids.find(1, {})).toBeUndefined();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('announces 3 storage ids and sends only 0'));
  });

  it('goes on for those that wait, and ends with the last of them', async () => {
    let ended: unknown;
    const { ids } = createIds(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            ended = signal.reason;
            reject(signal.reason);
          });
        }),
    );
    const first = new AbortController();
    const second = new AbortController();
    const calls = [ids.find(1, first), ids.find(1, second)];
    first.abort(new Error('first'));
    await expect(calls[0]).rejects.toThrow('first');
    expect(ended).toBeUndefined();
    second.abort(new Error('second'));
    await expect(calls[1]).rejects.toThrow('second');
    expect(ended).toMatchObject({ code: 'FASTDFS_CLOSED' });
  });
});

describe('text of a hostile tracker', () => {
  const named = (group: string, host: string) => {
    const body = Buffer.alloc(40);
    body.write(group, 0, 'latin1');
    body.write(host, 16, 'latin1');
    body.writeBigInt64BE(23000n, 31);
    return body;
  };

  it.each([
    ['an address', named('group1', '10.0.0.1\u001b[2J')],
    ['an address with a line break', named('group1', '10.0.0.1\nx')],
    ['a group', named('group\u0007', '10.0.0.1')],
    ['an empty group', named('', '10.0.0.1')],
  ])('is refused, and escaped in the message: %s', (_, body) => {
    for (const read of [
      () => queryStoreWithoutGroupOne.decode(body, undefined),
      () => queryFetchOne.decode(body.subarray(0, 39), { group: 'group1', remoteFilename: '' }),
    ]) {
      expect(read).toThrow(ProtocolError);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there.
      expect(read).toThrow(/^[^\u0000-\u001f]+$/);
    }
  });

  it.each(['fe80::1%eth0', '2001:db8::1', 'storage-1.example'])('is accepted as an address: %s', (host) => {
    const wide = Buffer.alloc(69);
    wide.write('group1', 0);
    wide.write(host, 16);
    wide.writeBigInt64BE(23000n, 61);
    expect(queryFetchOne.decode(wide, { group: 'group1', remoteFilename: '' }).storages).toEqual([
      { host, port: 23000 },
    ]);
  });
});
