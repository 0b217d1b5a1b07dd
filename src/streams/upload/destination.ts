/**
 * Where an upload goes and by which command: a new file, or a slave of an existing one.
 *
 * A signal ends the search for a storage, and a request that is not complete. Once a request is complete the storage may make
 * the file whatever happens here, and only its answer says which file to remove.
 */
import { onAbort } from '../../core/base/abort.js';
import type { Engine } from '../../core/cluster/engine.js';
import type { Address } from '../../core/model/address.js';
import { splitFileId } from '../../core/model/file-id.js';
import type { ExchangeOptions } from '../../core/net/exchange.js';
import { SendExchange } from '../../core/net/send-exchange.js';
import type { Command } from '../../core/protocol/command.js';
import { uploadAppenderFile, uploadFile, uploadSlaveFile } from '../../core/protocol/storage-commands.js';
import type { Placed } from './rollback.js';

/** Content of known length on its way to a storage. */
export interface OpenUpload {
  readonly exchange: SendExchange<unknown, string>;
  readonly storage: Address;
}

/** Passes on content from its beginning; resolves when all of it has been written. */
export type WriteAll = (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>;

export interface Destination {
  /** Sends content that is in memory; storages that refuse are passed over. */
  send(content: readonly Uint8Array[], size: number): Promise<Placed>;
  /** Sends `size` bytes that can be read again; storages that refuse are passed over. */
  sendFrom(size: number, content: WriteAll): Promise<Placed>;
  /** Finds a storage and opens an upload of `size` bytes there. */
  open(size: number): Promise<OpenUpload>;
}

export interface NewFile {
  group: string | undefined;
  /** Without the dot. */
  ext: string;
  appender: boolean;
}

/** A new file in `group`, or in the group that the trackers choose. */
export function createFile(engine: Engine, file: NewFile, options: ExchangeOptions): Destination {
  const command = file.appender ? uploadAppenderFile : uploadFile;
  const place = <T>(size: number, run: Run<T>) =>
    engine.place(file.group, options, (target, retries) =>
      run(target.address, retries, command, { storePathIndex: target.storePathIndex, size, ext: file.ext }),
    );
  return createDestination(engine, place, options);
}

export interface NewSlave {
  master: string;
  prefix: string;
  ext: string;
}

/** A slave file, on the source storage of its master. */
export function createSlave(engine: Engine, slave: NewSlave, options: ExchangeOptions): Destination {
  const master = splitFileId(slave.master);
  const place = <T>(size: number, run: Run<T>) =>
    engine.update(master, options, (address, retries) =>
      run(address, retries, uploadSlaveFile, {
        masterRemoteFilename: master.remoteFilename,
        prefix: slave.prefix,
        ext: slave.ext,
        size,
      }),
    );
  return createDestination(engine, place, options);
}

type Run<T> = <Args>(
  address: Address,
  retries: number,
  command: Command<Args, string>,
  args: Args,
) => Promise<T>;

function createDestination(
  engine: Engine,
  place: <T>(size: number, run: Run<T>) => Promise<T>,
  options: ExchangeOptions,
): Destination {
  const { fileId, signal } = options;
  const open = async <Args>(
    storage: Address,
    retries: number,
    command: Command<Args, string>,
    args: Args,
  ): Promise<SendExchange<Args, string>> => {
    const { pool, connection } = await engine.checkout(storage, signal);
    return new SendExchange(pool, connection, command, args, { fileId, retries });
  };
  return {
    send: (content, size) =>
      place<Placed>(size, async (storage, retries, command, args) => ({
        fileId: await engine.callAt(storage, command, args, { fileId, retries }, content, signal),
        storage,
      })),
    sendFrom: (size, content) =>
      place<Placed>(size, async (storage, retries, command, args) => {
        const exchange = await open(storage, retries, command, args);
        const release = onAbort(signal, (reason) => abortIncomplete(exchange, reason));
        try {
          await content((chunk) => writeChunk(exchange, chunk));
        } catch (error) {
          abortIncomplete(exchange, error);
        }
        return { fileId: await exchange.done.finally(release), storage };
      }),
    open: (size) =>
      place<OpenUpload>(size, async (storage, retries, command, args) => {
        const exchange = await open(storage, retries, command, args);
        return { exchange, storage } as OpenUpload;
      }),
  };
}

/** A storage drops an incomplete upload. A complete one becomes a file, whose name must be awaited. */
export function abortIncomplete(
  exchange: Pick<SendExchange<never, string>, 'requestComplete' | 'abort'>,
  reason: unknown,
): void {
  if (!exchange.requestComplete) exchange.abort(reason);
}

function writeChunk<Args>(exchange: SendExchange<Args, string>, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    exchange.write([chunk], (error) => (error === undefined ? resolve() : reject(error)));
  });
}
