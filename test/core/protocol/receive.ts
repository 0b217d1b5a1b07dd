/** What a connection does with delivered bytes, without a connection. */
import { ReplyDecoder } from '../../../src/core/protocol/command.js';

export interface ReceivedReply {
  status: number;
  body: Buffer;
}

/** The replies in a stream that arrives in these chunks. Fails when the last one is not whole. */
export function receive(chunks: Iterable<Buffer>): ReceivedReply[] {
  const decoder = new ReplyDecoder();
  const replies: ReceivedReply[] = [];
  let status = -1;
  let slices: Buffer[] = [];
  const sink = {
    onHeader: (header: { status: number }) => {
      status = header.status;
      slices = [];
    },
    onBody: (slice: Buffer) => {
      slices.push(Buffer.from(slice));
    },
    onEnd: () => {
      replies.push({ status, body: Buffer.concat(slices) });
    },
  };
  for (const chunk of chunks) {
    for (let rest = chunk; rest.length > 0; ) rest = rest.subarray(decoder.push(rest, sink));
  }
  if (decoder.midReply) throw new Error('The last reply is not whole');
  return replies;
}

/** The bytes in pieces of `size`. */
export function inPieces(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
