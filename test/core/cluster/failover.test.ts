/** The loop of fail-over: which target is next, which error ends the call, which one it rejects with. */
import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  ClosedError,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from '../../../src/core/base/errors.js';
import { type FailoverPlan, failOver, isFailoverable } from '../../../src/core/cluster/failover.js';

const lost = (message = 'lost', retryable = true) =>
  new NetworkError('FASTDFS_CONNECTION_LOST', message, { retryable });

type Round = (failures: readonly unknown[]) => ReturnType<FailoverPlan<string, string>['name']>;

/** Runs a plan over names; those in `errors` fail with theirs. */
async function run(
  rounds: readonly Round[],
  errors: Record<string, Error>,
  more: Partial<FailoverPlan<string, string>> = {},
): Promise<{ result?: string; error?: unknown; tried: string }> {
  const tried: string[] = [];
  const attempt = async (target: string) => {
    tried.push(target);
    if (errors[target]) throw errors[target];
    return `from ${target}`;
  };
  try {
    const name: FailoverPlan<string, string>['name'] = (round, failures) => rounds[round]!(failures);
    const plan = { rounds: rounds.length, name, attempt, ...more };
    return { result: await failOver(plan), tried: tried.join('') };
  } catch (error) {
    return { error, tried: tried.join('') };
  }
}

describe('failOver', () => {
  it('ends with the first target that succeeds, and asks no further round', async () => {
    const further = () => {
      throw new Error('must not be asked');
    };
    expect(await run([() => ['a', 'b'], further], {})).toEqual({ result: 'from a', tried: 'a' });
  });

  it('goes from target to target and from round to round', async () => {
    const rounds = [() => ['a', 'b'], async () => undefined, async () => ['c']];
    expect(await run(rounds, { a: lost(), b: lost() })).toEqual({ result: 'from c', tried: 'abc' });
  });

  it('tries no target twice, whichever round names it', async () => {
    const outcome = await run([() => ['a'], () => ['a', 'b'], () => ['b']], { a: lost(), b: lost('last') });
    expect(outcome.tried).toBe('ab');
    expect(outcome.error).toMatchObject({ message: 'last' });
  });

  it('gives a round the failures so far', async () => {
    const first = lost();
    const seen: unknown[] = [];
    const note = (failures: readonly unknown[]) => {
      seen.push(...failures);
      return [];
    };
    await run([() => ['a'], note], { a: first });
    expect(seen).toEqual([first]);
  });

  it('tries targets in backoff last', async () => {
    const more = { canAttempt: (target: string) => target !== 'a' };
    expect(await run([() => ['a'], () => ['b']], {}, more)).toEqual({ result: 'from b', tried: 'b' });
    expect(await run([() => ['a'], () => ['b']], { b: lost() }, more)).toEqual({
      result: 'from a',
      tried: 'ba',
    });
    expect(await run([() => ['a']], {}, more)).toEqual({ result: 'from a', tried: 'a' });
  });

  it.each<[string, Error]>([
    ['an answer of the server', new ServerError(22)],
    ['a closed client', new ClosedError()],
    ['a change that may have been applied', lost('lost', false)],
    ['the reason of a signal', new Error('aborted')],
  ])('ends at once after %s', async (_, error) => {
    expect(await run([() => ['a', 'b']], { a: error })).toEqual({ error, tried: 'a' });
  });

  it('follows the plan on which errors to fail over, and on the error of the call', async () => {
    const outcome = await run(
      [() => ['a', 'b']],
      { a: new ServerError(28), b: lost() },
      { canFailOver: () => true, chooseError: (failures) => failures[0] },
    );
    expect(outcome.tried).toBe('ab');
    expect(outcome.error).toMatchObject({ serverStatus: 28 });
  });

  it('rejects with the failure of the first round, and not with that of a later question', async () => {
    const failing = () => Promise.reject(lost('no tracker'));
    expect((await run([failing], {})).error).toMatchObject({ message: 'no tracker' });
    expect((await run([() => ['a'], failing], { a: lost('storage') })).error).toMatchObject({
      message: 'storage',
    });
    expect(await run([() => ['a'], failing, () => ['b']], { a: lost() })).toMatchObject({ result: 'from b' });
  });

  it('ends when a later question is aborted', async () => {
    const aborted = () => Promise.reject(new Error('aborted'));
    expect((await run([() => ['a'], aborted], { a: lost() })).error).toMatchObject({ message: 'aborted' });
  });
});

describe('isFailoverable', () => {
  it.each<[boolean, unknown]>([
    [true, lost()],
    [true, new TimeoutError('response', 'silent', { retryable: true })],
    [true, new ProtocolError('garbage', { retryable: true })],
    [false, lost('lost', false)],
    [false, new TimeoutError('lease', 'busy', { retryable: true })],
    [false, new ServerError(2, { retryable: true })],
    [false, new ArgumentError('wrong', { retryable: true })],
    [false, new ClosedError('closed', { retryable: true })],
    [false, new Error('foreign')],
  ])('is %s for %s', (expected, error) => {
    expect(isFailoverable(error)).toBe(expected);
  });
});
