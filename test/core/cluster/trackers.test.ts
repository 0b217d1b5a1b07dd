import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NetworkError, ProtocolError, ServerError, TimeoutError } from '../../../src/core/base/errors.js';
import type { Pools } from '../../../src/core/cluster/pools.js';
import { TrackerClient, Trackers } from '../../../src/core/cluster/trackers.js';
import { type Address, formatAddress } from '../../../src/core/model/address.js';
import type { Command } from '../../../src/core/protocol/command.js';
import { activeTest } from '../../../src/core/protocol/tracker-commands.js';

const at = (host: string): Address => ({ host, port: 22122 });
const names = (trackers: readonly { name: string }[]) => trackers.map(({ name }) => name[0]);

beforeEach(() => {
  // No jitter: a backoff is as long as planned.
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('the order of trackers', () => {
  const three = () => new Trackers([[at('a')], [at('b')], [at('c')]]);

  it('begins with another one each time', () => {
    const trackers = three();
    const orders = Array.from({ length: 4 }, () => names(trackers.inOrder()).join(''));
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc']);
  });

  it('puts one that failed last, until its backoff is over', () => {
    const trackers = three();
    trackers.failed(trackers.all[0]!, 1_000);
    expect(names(trackers.inOrder(1_499))).toEqual(['b', 'c', 'a']);
    expect(names(trackers.inOrder(1_499))).toEqual(['b', 'c', 'a']);
    expect(names(trackers.inOrder(1_499))).toEqual(['c', 'b', 'a']);
    expect(names(trackers.inOrder(1_500))).toEqual(['a', 'b', 'c']);
  });

  it('lets one call at a time find out whether a failed one is back', () => {
    const trackers = three();
    const [a] = trackers.all;
    trackers.failed(a!, 1_000);
    const firsts = (now: number) => Array.from({ length: 6 }, () => names(trackers.inOrder(now))[0]).join('');
    expect(firsts(1_500)).toMatch(/^[bc]*a[bc]*$/);
    expect(firsts(11_000)).toMatch(/^[bc]*$/);
    // The call ended without an answer or a failure, as when it is aborted.
    expect(firsts(11_500)).toMatch(/^[bc]*a[bc]*$/);
    trackers.worked(a!, a!.addresses[0]!);
    expect(firsts(11_500).match(/a/g)).toHaveLength(2);
  });

  it('begins with the first to come out of backoff where all are in it', () => {
    const trackers = three();
    const [a, b, c] = trackers.all;
    trackers.failed(b!, 0);
    trackers.failed(c!, 10);
    trackers.failed(a!, 20);
    expect(names(trackers.inOrder(100))).toEqual(['b', 'c', 'a']);
    expect(names(trackers.inOrder(100))).toEqual(['b', 'c', 'a']);
  });

  it('has an only tracker, in backoff or not', () => {
    const trackers = new Trackers([[at('a')]]);
    trackers.failed(trackers.all[0]!);
    expect(names(trackers.inOrder())).toEqual(['a']);
  });
});

describe('the backoff of a failed tracker', () => {
  const backoffs = (trackers: Trackers, count: number) =>
    Array.from({ length: count }, () => {
      trackers.failed(trackers.all[0]!, 0);
      return trackers.all[0]!.retryAt;
    });

  it('doubles from half a second to ten', () => {
    const trackers = new Trackers([[at('a')]]);
    expect(backoffs(trackers, 7)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('is short again once the tracker has worked', () => {
    const trackers = new Trackers([[at('a')]]);
    backoffs(trackers, 5);
    const [tracker] = trackers.all;
    trackers.worked(tracker!, tracker!.addresses[0]!);
    expect(tracker!.retryAt).toBe(0);
    expect(backoffs(trackers, 1)).toEqual([500]);
  });

  it.each([
    [0, 375],
    [1, 625],
  ])('differs by a quarter at most: random %d', (random, backoff) => {
    vi.mocked(Math.random).mockReturnValue(random);
    expect(backoffs(new Trackers([[at('a')]]), 1)).toEqual([backoff]);
  });
});

describe('a tracker with two addresses', () => {
  it('is asked first at the one that worked last, and keeps its name', () => {
    const trackers = new Trackers([[at('inner'), at('outer')]]);
    const [tracker] = trackers.all;
    const [inner, outer] = tracker!.addresses;
    trackers.worked(tracker!, outer!);
    expect(tracker!.addresses).toEqual([outer, inner]);
    trackers.worked(tracker!, outer!);
    expect(tracker!.addresses).toEqual([outer, inner]);
    trackers.worked(tracker!, inner!);
    expect(tracker!.addresses).toEqual([inner, outer]);
    expect(tracker!.name).toBe('inner:22122');
  });
});

describe('asking the trackers', () => {
  const down = () => new NetworkError('FASTDFS_CONNECT_FAILED', 'refused', { retryable: true });

  /** A client whose trackers answer by host: with an error, or with their host. */
  class Scripted extends TrackerClient {
    readonly asked: string[] = [];
    readonly trackers: Trackers;
    readonly #answers: Record<string, () => Error>;

    constructor(addresses: string[][], answers: Record<string, () => Error>) {
      const trackers = new Trackers(addresses.map((each) => each.map(at)));
      const quiet = { debug() {}, info() {}, warn() {}, error() {} };
      super(trackers, {} as Pools, quiet);
      this.trackers = trackers;
      this.#answers = answers;
    }

    override async askAt<Args, Reply>(address: Address, _command: Command<Args, Reply>): Promise<Reply> {
      this.asked.push(formatAddress(address).replace(':22122', ''));
      const error = this.#answers[address.host]?.();
      if (error) throw error;
      return address.host as Reply;
    }

    run(): Promise<unknown> {
      return this.ask(activeTest, undefined, {});
    }
  }

  it('goes on to the next where one is down, and begins elsewhere while that one is in backoff', async () => {
    const client = new Scripted([['a'], ['b']], { a: down });
    expect(await client.run()).toBe('b');
    expect(await client.run()).toBe('b');
    expect(await client.run()).toBe('b');
    expect(client.asked).toEqual(['a', 'b', 'b', 'b']);
  });

  it('tries the other address of a tracker before another tracker, and remembers it', async () => {
    const client = new Scripted([['in', 'out'], ['b']], { in: down });
    expect(await client.run()).toBe('out');
    expect(await client.run()).toBe('b');
    expect(await client.run()).toBe('out');
    expect(client.asked).toEqual(['in', 'out', 'b', 'out']);
    expect(client.trackers.all[0]!.retryAt).toBe(0);
  });

  it.each([2, 28])(
    'believes status %d only when every tracker answers so, and without a backoff for any',
    async (status) => {
      const refuse = () => new ServerError(status);
      const one = new Scripted([['a'], ['b']], { a: refuse });
      expect(await one.run()).toBe('b');
      const both = new Scripted([['a'], ['b']], { a: refuse, b: refuse });
      await expect(both.run()).rejects.toMatchObject({ serverStatus: status });
      expect(both.asked).toEqual(['a', 'b']);
      expect(both.trackers.all.map(({ failures }) => failures)).toEqual([0, 0]);
    },
  );

  it('prefers an answer to a failure when no tracker has anything better', async () => {
    const client = new Scripted([['a'], ['b']], { a: down, b: () => new ServerError(2) });
    await expect(client.run()).rejects.toMatchObject({ serverStatus: 2 });
  });

  it.each<[string, () => Error]>([
    ['another status', () => new ServerError(22)],
    ['no free connection', () => new TimeoutError('lease', 'busy', { retryable: true })],
    ['an answer that makes no sense', () => new ProtocolError('nonsense')],
    ['the reason of an abort', () => new Error('enough')],
  ])('ends with %s', async (_, answer) => {
    const client = new Scripted([['a'], ['b']], { a: answer });
    await expect(client.run()).rejects.toThrow(answer().message);
    expect(client.asked).toEqual(['a']);
    expect(client.trackers.all[0]!.failures).toBe(0);
  });

  it('names the error of each when all are down', async () => {
    const client = new Scripted([['a'], ['b']], {
      a: down,
      b: () => new TimeoutError('connect', 'silent', { retryable: true }),
    });
    const error = await client.run().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'FASTDFS_NO_TRACKER',
      command: 'ACTIVE_TEST',
      retryable: true,
      message: 'None of 2 trackers answered: refused; silent',
      cause: expect.any(AggregateError),
    });
  });

  it('gives the own error of an only tracker', async () => {
    const client = new Scripted([['a']], { a: down });
    await expect(client.run()).rejects.toMatchObject({ code: 'FASTDFS_CONNECT_FAILED' });
  });
});
