/** Queries that are wanted together share a write; each has its own answer, abort and failure. */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SendBuffer } from '../../../src/core/net/buffers.js';
import { connect } from '../../../src/core/net/connection.js';
import { MAX_BATCH, QueryBatches } from '../../../src/core/net/pipeline.js';
import { Pool } from '../../../src/core/net/pool.js';
import { writeHeader } from '../../../src/core/protocol/command.js';
import { HEADER_BYTES } from '../../../src/core/protocol/constants.js';
import { queryStoreWithGroupOne } from '../../../src/core/protocol/tracker-commands.js';

const REQUEST_BYTES = HEADER_BYTES + 16;

function reply(group: string, status = 0): Buffer {
  if (status !== 0) return header(0, status);
  const body = Buffer.alloc(40);
  body.write(group, 0);
  body.write('10.0.0.1', 16);
  body.writeBigInt64BE(23000n, 31);
  return Buffer.concat([header(40, 0), body]);
}

function header(length: number, status: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  writeHeader(bytes, length, 100, status);
  return bytes;
}

/** A tracker that answers each query with its group, or as `respond` says. */
class ScriptedTracker {
  readonly writes: string[][] = [];
  connections = 0;
  respond: (groups: string[], socket: net.Socket) => void = (groups, socket) => {
    socket.write(Buffer.concat(groups.map((group) => reply(group))));
  };
  readonly #server = net.createServer((socket) => {
    this.connections++;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const groups: string[] = [];
      for (let at = 0; at < chunk.length; at += REQUEST_BYTES) {
        groups.push(chunk.toString('latin1', at + HEADER_BYTES, at + REQUEST_BYTES).replace(/\0+$/, ''));
      }
      this.writes.push(groups);
      this.respond(groups, socket);
    });
  });

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as net.AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}

let tracker: ScriptedTracker;
let pool: Pool;
let batches: QueryBatches;

beforeEach(async () => {
  tracker = new ScriptedTracker();
  const address = { host: '127.0.0.1', port: await tracker.listen() };
  const sendBuffer = new SendBuffer();
  pool = new Pool(address, {
    maxPerServer: 16,
    idleTimeoutMs: 10_000,
    acquireTimeoutMs: 5_000,
    connect: (to, onClosed) =>
      connect(to, {
        role: 'tracker',
        connectTimeoutMs: 2_000,
        networkTimeoutMs: 500,
        sendBuffer,
        onClosed,
      }),
    test: async () => undefined,
  });
  batches = new QueryBatches(() => undefined);
});

afterEach(() => {
  pool.close();
  tracker.close();
});

async function ask(group: string, signal?: AbortSignal): Promise<string> {
  return (await batches.send(pool, queryStoreWithGroupOne, { group }, { signal })).group;
}

const names = (count: number, prefix = 'g') => Array.from({ length: count }, (_, index) => prefix + index);

describe('a batch', () => {
  it('is one write for all queries of the same moment, answered in order', async () => {
    const groups = names(20);
    expect(await Promise.all(groups.map((group) => ask(group)))).toEqual(groups);
    expect(tracker.writes).toEqual([groups]);
    expect(pool.stats()).toEqual({ open: 1, idle: 1, leased: 0, waiting: 0 });
  });

  it('is a single query when there is no other, without waiting for the next turn', async () => {
    await ask('warm');
    const asked = ask('alone');
    await Promise.resolve();
    expect(pool.stats().leased).toBe(1);
    expect(await asked).toBe('alone');
    expect(tracker.writes).toEqual([['warm'], ['alone']]);
  });

  it(`has at most ${MAX_BATCH} queries; the next goes out when its replies are there`, async () => {
    const groups = names(MAX_BATCH * 2 + 1);
    expect(await Promise.all(groups.map((group) => ask(group)))).toEqual(groups);
    expect(tracker.writes.map(({ length }) => length)).toEqual([MAX_BATCH, MAX_BATCH, 1]);
    expect(tracker.connections).toBe(1);
  });

  it('collects what is wanted while another is under way', async () => {
    let answer = () => {};
    tracker.respond = (groups, socket) => {
      answer = () => socket.write(Buffer.concat(groups.map((group) => reply(group))));
      if (groups[0] !== 'first') answer();
    };
    const first = ask('first');
    await expect.poll(() => tracker.writes.length).toBe(1);
    const second = ask('second');
    await delay(20);
    const third = ask('third');
    await delay(20);
    expect(tracker.writes).toEqual([['first']]);
    answer();
    expect(await Promise.all([first, second, third])).toEqual(['first', 'second', 'third']);
    expect(tracker.writes).toEqual([['first'], ['second', 'third']]);
  });

  it.each([1, 7, 49, 51])('is read in pieces of %d bytes', async (size) => {
    tracker.respond = async (groups, socket) => {
      const bytes = Buffer.concat(groups.map((group) => reply(group)));
      for (let at = 0; at < bytes.length; at += size) {
        socket.write(bytes.subarray(at, at + size));
        await delay(0);
      }
    };
    const groups = names(5);
    expect(await Promise.all(groups.map((group) => ask(group)))).toEqual(groups);
  });
});

describe('a query of a batch', () => {
  it('that is refused leaves the others and the connection alone', async () => {
    tracker.respond = (groups, socket) => {
      socket.write(Buffer.concat(groups.map((group) => reply(group, group === 'g1' ? 2 : 0))));
    };
    const outcomes = await Promise.allSettled(names(3).map((group) => ask(group)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { serverStatus: 2, retryable: false } });
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  it('that is aborted ends at once, and no other with it', async () => {
    let answer = () => {};
    tracker.respond = (groups, socket) => {
      answer = () => socket.write(Buffer.concat(groups.map((group) => reply(group))));
    };
    const controller = new AbortController();
    const others = [ask('g0'), ask('g2')];
    const aborted = ask('g1', controller.signal);
    await expect.poll(() => tracker.writes.length).toBe(1);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    answer();
    expect(await Promise.all(others)).toEqual(['g0', 'g2']);
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  it('that is the last to be aborted destroys the connection', async () => {
    tracker.respond = () => undefined;
    const controller = new AbortController();
    const aborted = names(3).map((group) => ask(group, controller.signal));
    await expect.poll(() => tracker.writes.length).toBe(1);
    controller.abort(new Error('enough'));
    for (const each of aborted) await expect(each).rejects.toThrow('enough');
    expect(pool.stats()).toMatchObject({ open: 0 });
  });

  it('that was aborted before it could go out is not sent', async () => {
    const aborted = ask('g0', AbortSignal.abort(new Error('enough')));
    const other = ask('g1');
    await expect(aborted).rejects.toThrow('enough');
    expect(await other).toBe('g1');
    expect(tracker.writes).toEqual([['g1']]);
  });

  it('that cannot be encoded fails alone', async () => {
    const long = (async () => ask('a-group-name-that-is-too-long'))();
    const other = ask('g1');
    await expect(long).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    expect(await other).toBe('g1');
  });
});

describe('a broken batch', () => {
  it.each<[string, (socket: net.Socket) => void]>([
    ['closes', (socket) => socket.destroy()],
    ['answers garbage', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['announces more than a reply may have', (socket) => socket.write(header(70_000, 0))],
  ])(
    'fails the query at which the tracker %s; those behind it are sent again, one by one',
    async (_, end) => {
      tracker.respond = (groups, socket) => {
        for (const group of groups) {
          if (group === 'g2') return end(socket);
          socket.write(reply(group));
        }
      };
      const outcomes = await Promise.allSettled(names(5).map((group) => ask(group)));
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(outcomes[2]).toMatchObject({
        reason: { retryable: true, maybeApplied: false, command: 'QUERY_STORE_WITH_GROUP_ONE' },
      });
      expect(tracker.writes.slice(1).sort()).toEqual([['g3'], ['g4']]);
    },
  );

  it('fails as a whole when the tracker does not answer in time', async () => {
    tracker.respond = () => undefined;
    const started = performance.now();
    const first = names(3).map((group) => ask(group));
    await expect.poll(() => tracker.writes.length).toBe(1);
    const held = ask('held');
    const outcomes = await Promise.allSettled([...first, held]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'FASTDFS_RESPONSE_TIMEOUT', retryable: true } });
    }
    expect(new Set(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason)).size).toBe(4);
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(tracker.writes).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ open: 0 });
  });

  it('fails the last query when bytes follow its reply', async () => {
    tracker.respond = (groups, socket) => {
      socket.write(Buffer.concat([...groups.map((group) => reply(group)), Buffer.from('more')]));
    };
    const outcomes = await Promise.allSettled(names(2).map((group) => ask(group)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(pool.stats()).toMatchObject({ open: 0 });
  });

  it('fails every query when no connection can be made', async () => {
    tracker.close();
    const outcomes = await Promise.allSettled(names(3).map((group) => ask(group)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'FASTDFS_CONNECT_FAILED', retryable: true } });
    }
  });
});
