/** Commands as data: one request and its reply. No command knows a socket, a pool or a retry. */
import { HEADER_BYTES } from './constants.js';
import { Writer } from './fields.js';
import { writeHeader } from './frame.js';

/**
 * - `small`: parameters out, a small bounded reply in
 * - `send`: parameters and then content of known length out, a small reply in
 * - `receive`: parameters out, content of announced length in
 * - `list`: parameters out, text of unannounced length in, then its length in 8 bytes, then the server closes
 */
export type Shape = 'small' | 'send' | 'receive' | 'list';

export interface Command<Args, Reply> {
  /** The field's own name, for errors and logs. */
  readonly name: string;
  readonly code: number;
  readonly to: 'tracker' | 'storage';
  readonly shape: Shape;
  /** Running it twice leaves the same state: it may be repeated after any failure. */
  readonly repeatable: boolean;
  /** It changes nothing, so a failure leaves no doubt about the outcome. */
  readonly readOnly: boolean;
  /** A storage that fails in the middle of it, for example on a full disk, retains what it has written by then. */
  readonly partial?: boolean;
  /** Largest reply body that is accepted, in bytes; a longer one is refused before anything is allocated. */
  readonly maxReply: number;
  /** What a refusal means here, by status, where the general text would say less. */
  readonly hints?: Readonly<Record<number, string>>;
  encode(writer: Writer, args: Args): void;
  /** Content bytes that follow the parameters (`send` only). */
  contentLength?(args: Args): number;
  /** Status byte of the request header; only QUERY_FILE_INFO uses it. */
  flags?(args: Args): number;
  decode(body: Buffer, args: Args): Reply;
}

/** Header and parameters of a request; content, if any, follows as further chunks. */
export function encodeRequest<Args>(command: Command<Args, unknown>, args: Args): Buffer {
  const writer = new Writer(HEADER_BYTES);
  command.encode(writer, args);
  const frame = writer.finish();
  const content = command.contentLength?.(args) ?? 0;
  writeHeader(frame, frame.length - HEADER_BYTES + content, command.code, command.flags?.(args) ?? 0);
  return frame;
}
