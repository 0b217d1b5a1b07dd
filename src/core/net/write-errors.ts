/**
 * Write errors that leave time to read. A storage that refuses a large body answers, closes, and thereby resets the connection:
 * the status lies in the receive buffer behind the write error. Node destroys the socket on that error, and the answer with it.
 */
import type { Socket } from 'node:net';

type WriteCallback = (error?: Error | null) => void;

/** Delays write errors of the socket until it has been polled once more. */
export function deferWriteErrors(socket: Socket): void {
  const { _write: write, _writev: writeAll } = socket;
  socket._write = (chunk, encoding, callback) => {
    write.call(socket, chunk, encoding, afterNextPoll(callback));
  };
  socket._writev = (chunks, callback) => {
    writeAll?.call(socket, chunks, afterNextPoll(callback));
  };
}

/** A reset socket is always readable: by then either the answer has arrived, or the read has failed, too. */
function afterNextPoll(callback: WriteCallback): WriteCallback {
  return (error) => {
    if (!error) callback(error);
    // The first may belong to the turn whose poll is over.
    else setImmediate(() => setImmediate(() => callback(error)));
  };
}
