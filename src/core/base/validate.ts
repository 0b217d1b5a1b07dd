/** Checks of values that callers pass. */
import { ArgumentError } from './errors.js';

/** @throws ArgumentError naming the option, unless `value` is an integer in the range */
export function checkCount(name: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new ArgumentError(`\`${name}\` must be an integer from ${min} to ${max}, not ${String(value)}`);
  }
  return value;
}
