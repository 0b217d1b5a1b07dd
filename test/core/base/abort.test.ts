import { expect, it, vi } from 'vitest';
import { unlessAborted } from '../../../src/core/base/abort.js';

it('gives the outcome of what it waits for', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
  await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
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
    const waiting = unlessAborted(coming, controller.signal, late);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    arrive(7);
    await coming;
    expect(late).toHaveBeenCalledExactlyOnceWith(7);
  },
);
