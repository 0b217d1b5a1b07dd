/** Streams that the content of a file runs through, as options make them: one for each file. */
import { Duplex } from 'node:stream';
import { ArgumentError } from '../../core/base/errors.js';
import type { Check } from '../../core/base/validate.js';

/** Checks the option `transforms`. */
export const transformsOption: Check = (value) =>
  typeof value === 'function' || (Array.isArray(value) && value.every((entry) => typeof entry === 'function'))
    ? undefined
    : 'an array of functions that each make a stream, or a function that returns streams (a stream itself would serve the ' +
      'first file only)';

/** Returns a value itself, or what a function makes of the file at hand. */
export type Evaluate = (option: unknown) => unknown;

/** Streams that have served a file. An application that hands out the same one twice would mix two files. */
const used = new WeakSet<object>();

/**
 * Makes the streams that one file runs through. When one cannot be made, those before it are destroyed.
 * @param signal when it fires, streams that come too late are destroyed
 */
export async function openTransforms(
  option: unknown,
  evaluate: Evaluate,
  signal: AbortSignal,
): Promise<Duplex[]> {
  const streams: Duplex[] = [];
  try {
    const list = Array.isArray(option) ? option : await evaluate(option);
    for (const entry of list === undefined ? [] : [list].flat()) {
      const stream: unknown = await evaluate(entry);
      if (!isDuplex(stream)) {
        throw new ArgumentError('Option `transforms` returned something that is not a Duplex stream');
      }
      if (stream.errored) throw stream.errored;
      if (used.has(stream) || stream.destroyed || stream.writableEnded) {
        throw new ArgumentError(
          'Option `transforms` returned a stream that has been used for another file: make a new one for each, as in ' +
            '() => sharp().resize(800)',
        );
      }
      used.add(stream);
      // Failures arrive by the pipeline; the event itself must have a listener.
      streams.push(stream.on('error', () => undefined));
    }
    signal.throwIfAborted();
    return streams;
  } catch (error) {
    for (const stream of streams) stream.destroy();
    throw error;
  }
}

function isDuplex(value: unknown): value is Duplex {
  if (value instanceof Duplex) return true;
  const { pipe, write } = (value ?? {}) as Partial<Record<'pipe' | 'write', unknown>>;
  return typeof pipe === 'function' && typeof write === 'function';
}
