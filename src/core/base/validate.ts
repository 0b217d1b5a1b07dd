/** Checks of what callers pass: unknown keys and wrong values are refused, naming the key. */
import { fileURLToPath } from 'node:url';
import { ArgumentError } from './errors.js';

/** Returns what the value must be, e.g. `'a boolean'`, or undefined when it is right. */
export type Check = (value: unknown) => string | undefined;

/** One check for each option; what is missing here is an unknown key. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>;

/**
 * Checks an options object. Every option may be undefined.
 * @param call what the options are for, e.g. `'download()'`
 * @param prefix of the keys in messages, for options inside an option, e.g. `'pool.'`
 * @throws ArgumentError (`FASTDFS_ARGUMENT`) naming the key and, for an unknown one, the known ones
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options | undefined,
  checks: Checks<Options>,
  prefix = '',
): void {
  if (options === undefined) return;
  if (!isRecord(options)) {
    throw new ArgumentError(`The options of ${call} must be an object, not ${describeValue(options)}`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      throw new ArgumentError(
        `Unknown option \`${prefix}${key}\` of ${call}; known options: ${Object.keys(checks).join(', ')}`,
      );
    }
    const expected = value === undefined ? undefined : checks[key as keyof Options](value);
    if (expected !== undefined) {
      throw new ArgumentError(
        `Option \`${prefix}${key}\` of ${call} must be ${expected}, not ${describeValue(value)}`,
      );
    }
  }
}

/**
 * Returns whether a value has its content in properties. That of a Map or of Headers would go unnoticed, and a signal or a URL
 * in place of options would have no effect.
 */
export function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (Object.getPrototypeOf(value) === Object.prototype || Object.keys(value).length > 0) return true;
  return ['[object Object]', '[object Module]'].includes(Object.prototype.toString.call(value));
}

/** Returns the path that a string or a `file:` URL names, or undefined for anything else. */
export function toFilePath(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isFileUrl(value) ? fileURLToPath(value) : undefined;
}

/** By shape: the global URL of a test environment is another class. */
export function isFileUrl(value: unknown): value is URL {
  return (
    typeof value === 'object' && value !== null && 'href' in value && (value as URL).protocol === 'file:'
  );
}

/** @throws ArgumentError naming the argument, unless it is a string or a `file:` URL */
export function checkPath(name: string, value: unknown): string {
  const path = toFilePath(value);
  if (path === undefined)
    throw new ArgumentError(`\`${name}\` must be a string or a file: URL, not ${describeValue(value)}`);
  return path;
}

export const booleanOption: Check = (value) => (typeof value === 'boolean' ? undefined : 'a boolean');

export const stringOption: Check = (value) => (typeof value === 'string' ? undefined : 'a string');

export const functionOption: Check = (value) => (typeof value === 'function' ? undefined : 'a function');

export const objectOption: Check = (value) => (isRecord(value) ? undefined : 'an object');

export const dateOption: Check = (value) =>
  value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : 'a valid Date';

/** Signals of other realms and of polyfills count. */
export const signalOption: Check = (value) =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
    ? undefined
    : 'an AbortSignal';

/** Makes a check for integers from `min` to `max`. */
export function integerOption(min = 0, max = Number.MAX_SAFE_INTEGER): Check {
  return (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `an integer from ${min} to ${max}`;
}

/** Makes a check for one of a few values. */
export function enumOption(...values: readonly (string | boolean)[]): Check {
  return (value) =>
    (values as readonly unknown[]).includes(value)
      ? undefined
      : `one of ${values.map((one) => (typeof one === 'string' ? `'${one}'` : String(one))).join(', ')}`;
}

/** @throws ArgumentError naming the argument, unless `value` is an integer in the range */
export function checkCount(name: string, value: unknown, min: number, max: number): number {
  const expected = integerOption(min, max)(value);
  if (expected !== undefined) {
    throw new ArgumentError(`\`${name}\` must be ${expected}, not ${describeValue(value)}`);
  }
  return value as number;
}

/** Returns the value for a message, shortened: numbers and short strings themselves, of all else the type. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? 'an array' : (value.constructor?.name ?? 'an object');
  }
  return typeof value === 'function' ? 'a function' : String(value);
}

/** What every call that asks a server takes. */
export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. Default: none. */
  signal?: AbortSignal | undefined;
}

export const CALL_OPTIONS: Checks<CallOptions> = { signal: signalOption };
