/** `fdfs verify <fileId> <file>`: whether a stored file and a local one are the same. */
import type { Context } from '../context.js';
import { escapeControls } from '../escape.js';
import { EXIT } from '../exit.js';
import { localize } from '../language.js';
import { openSource } from '../local-files.js';

/** Downloads the file and compares every byte. Exit code 1 when they differ. */
export async function verifyFile(context: Context, fileId: string, file: string): Promise<number> {
  const client = await context.client();
  const local = await openSource(context, file);
  const remote = client.createDownloadStream(fileId, { signal: context.signal });
  const work = findDifference(remote, local.stream);
  const at = await context.progress(
    local.label,
    () => ({ done: remote.bytesRead, total: remote.size }),
    work,
  );
  const name = escapeControls(file);
  context.print(
    { fileId, file, same: at === undefined, ...(at === undefined ? {} : { differsAt: at }) },
    at === undefined
      ? localize('same: {file}', { file: name })
      : localize('differs from byte {offset} on: {file}', { offset: at, file: name }),
  );
  return at === undefined ? EXIT.ok : EXIT.failed;
}

/** Returns the offset of the first byte that differs, or that only one of the two has. */
async function findDifference(
  a: AsyncIterable<Buffer>,
  b: AsyncIterable<Buffer>,
): Promise<number | undefined> {
  const [left, right] = [a[Symbol.asyncIterator](), b[Symbol.asyncIterator]()];
  let x: Buffer = Buffer.alloc(0);
  let y: Buffer = Buffer.alloc(0);
  let offset = 0;
  try {
    for (;;) {
      if (x.length === 0) x = await next(left);
      if (y.length === 0) y = await next(right);
      const length = Math.min(x.length, y.length);
      if (length === 0) return x.length === y.length ? undefined : offset;
      if (x.compare(y, 0, length, 0, length) !== 0) {
        return offset + x.subarray(0, length).findIndex((byte, at) => byte !== y[at]);
      }
      [x, y] = [x.subarray(length), y.subarray(length)];
      offset += length;
    }
  } finally {
    await Promise.all([left.return?.(), right.return?.()]);
  }
}

/** Returns the next bytes; none at the end. */
async function next(iterator: AsyncIterator<Buffer>): Promise<Buffer> {
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) return Buffer.alloc(0);
    if (value.length > 0) return value;
  }
}
