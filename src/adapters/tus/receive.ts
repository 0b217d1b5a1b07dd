/** Moves the body of a request to the storage, and of one that breaks off all that has come. */
import type { Readable, Writable } from 'node:stream';

/**
 * Resolves when the storage has confirmed everything.
 * @param source not destroyed in any case: it belongs to the caller
 * @throws the error of the target; or that of the source, once what came before it is stored: the client goes on
 * from there
 */
export async function receive(source: Readable, target: Writable): Promise<void> {
  // Errors of the target reach us by the callbacks; the event itself must not go unheard.
  target.on('error', () => undefined);
  try {
    for await (const chunk of source.iterator({ destroyOnReturn: false })) await write(target, chunk);
  } catch (error) {
    if (target.errored) throw target.errored;
    await end(target);
    throw error;
  }
  await end(target);
}

function write(target: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    target.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function end(target: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    target.end((error?: Error | null) => (error ? reject(error) : resolve()));
  });
}
