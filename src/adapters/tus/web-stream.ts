/**
 * A web stream over a Node stream. `Readable.toWeb()` of Node 20 throws where no handler can catch it when the reader
 * leaves at the wrong moment. This one opens its source at the first read: a server that drops it unread holds no
 * connection.
 */
import type { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';

export function toWebStream(open: () => Readable): ReadableStream<Uint8Array> {
  let source: Readable | undefined;
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream(
    {
      async pull(controller) {
        source ??= open();
        chunks ??= source[Symbol.asyncIterator]();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        source?.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
