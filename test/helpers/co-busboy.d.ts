/** The parser of Egg's forms has no types of its own. */
declare module 'co-busboy' {
  import type { IncomingMessage } from 'node:http';
  import type { Readable } from 'node:stream';

  interface FilePart extends Readable {
    readonly filename: string;
    readonly truncated?: boolean;
  }
  /** Gives one part a call: an array for a field, a stream for a file, undefined at the end. */
  export default function parse(
    request: IncomingMessage,
    options?: { limits?: { fileSize?: number } },
  ): () => Promise<FilePart | unknown[] | undefined>;
}
