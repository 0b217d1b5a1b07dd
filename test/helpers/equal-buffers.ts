/** Set-up of every test file: compares buffers as memory. Vitest compares them byte by byte, which takes seconds for each MiB. */
import { expect } from 'vitest';

expect.addEqualityTesters([
  (a: unknown, b: unknown) =>
    Buffer.isBuffer(a) && Buffer.isBuffer(b) && a.length === b.length ? a.equals(b) : undefined,
]);
