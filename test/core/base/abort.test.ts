/** Signals: who is called, in which order, and that a shared signal carries one listener. */
import { getEventListeners } from 'node:events';
import { expect, it, vi } from 'vitest';
import { onAbort, raceAbort } from '../../../src/core/base/abort.js';

it('gives the outcome of what it waits for', async () => {
  const { signal } = new AbortController();
  expect(await raceAbort(Promise.resolve(1), signal)).toBe(1);
  await expect(raceAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

it.each(['before', 'while it waits'])(
  'rejects with the reason of an abort that came %s, and hands over what comes late',
  async (when) => {
    const controller = new AbortController();
    const reason = new Error('mine');
    let arrive = (_value: number) => {};
    const coming = new Promise<number>((resolve) => {
      arrive = resolve;
    });
    const late = vi.fn();
    if (when === 'before') controller.abort(reason);
    const waiting = raceAbort(coming, controller.signal, late);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    arrive(7);
    await coming;
    expect(late).toHaveBeenCalledExactlyOnceWith(7);
  },
);

it('puts one listener on a shared signal, and removes it with the last user', () => {
  const { signal } = new AbortController();
  const releases = Array.from({ length: 40 }, () => onAbort(signal, () => undefined));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const release of releases) release();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  for (const release of releases) release();
  const again = onAbort(signal, () => undefined);
  for (const release of releases) release();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  again();
});

it('calls each callback once, in order, with the reason; not those that were removed', () => {
  const controller = new AbortController();
  const calls: unknown[] = [];
  const same = () => calls.push('same');
  onAbort(controller.signal, (reason) => calls.push(reason));
  const release = onAbort(controller.signal, () => calls.push('removed'));
  onAbort(controller.signal, same);
  onAbort(controller.signal, same)();
  release();
  controller.abort('why');
  controller.abort('again');
  expect(calls).toEqual(['why', 'same']);
});

it('calls at once for a signal that is aborted, and never without one', () => {
  const callback = vi.fn();
  onAbort(AbortSignal.abort('before'), callback)();
  expect(callback).toHaveBeenCalledExactlyOnceWith('before');
  onAbort(undefined, callback)();
  expect(callback).toHaveBeenCalledOnce();
});

it('a callback that throws keeps none of the others from running', async () => {
  const controller = new AbortController();
  const uncaught = new Promise((resolve) => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => {
      for (const listener of listeners) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
  const other = vi.fn();
  onAbort(controller.signal, () => {
    throw new Error('mine');
  });
  onAbort(controller.signal, other);
  controller.abort();
  expect(other).toHaveBeenCalledOnce();
  expect(await uncaught).toMatchObject({ message: 'mine' });
});

it('calls those that register while the callbacks run', () => {
  const controller = new AbortController();
  const late = vi.fn();
  onAbort(controller.signal, () => void onAbort(controller.signal, late));
  controller.abort();
  expect(late).toHaveBeenCalledOnce();
});
