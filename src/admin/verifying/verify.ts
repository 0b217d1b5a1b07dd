/** `verify()`: its options, and its summary. */
import {
  type Checks,
  checkOptions,
  functionOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import type { ClusterAccess } from '../access.js';
import { adminChecks } from '../checks.js';
import type { Verification, VerifyFault, VerifyOptions, VerifySummary } from './types.js';

const LOWEST_RATE = 64 * 1024;

const iterableOption = (value: unknown) =>
  typeof value === 'object' && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value)
    ? undefined
    : 'an iterable of file ids';

const verifyChecks: Checks<VerifyOptions> = {
  ...adminChecks,
  group: stringOption,
  files: iterableOption,
  sample: (value) =>
    typeof value === 'number' && value > 0 && value <= 1 ? undefined : 'a number above 0, at most 1',
  bytesPerSecond: integerOption(LOWEST_RATE),
  concurrency: integerOption(1, 64),
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
  onProgress: functionOption,
};

/** @throws ArgumentError at once for a wrong option */
export function verify(access: ClusterAccess, options: VerifyOptions): Verification {
  checkOptions('verify()', options, verifyChecks);
  if (options.group !== undefined) checkGroup(options.group);
  access.trackers.select(options);
  const summary: VerifySummary = {
    files: 0,
    copies: 0,
    bytes: 0,
    faults: { missing: 0, different: 0, unreadable: 0, extra: 0 },
    complete: false,
  };
  return Object.assign(generate(access, options, summary), { summary });
}

async function* generate(
  access: ClusterAccess,
  options: VerifyOptions,
  summary: VerifySummary,
): AsyncGenerator<VerifyFault, void, undefined> {
  const { verifyCopies } = await import('./verify-copies.js');
  yield* verifyCopies(access, options, summary);
}
