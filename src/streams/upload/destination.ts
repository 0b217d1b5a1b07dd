/**
 * Where an upload goes and by which command: a new file, or a slave of an existing one.
 *
 * A signal ends the search for a storage, never an exchange: once a request is out the storage may make the file
 * whatever happens here, and only its answer tells which file to remove.
 */

import type { Engine } from '../../core/cluster/engine.js';
import type { Address } from '../../core/model/address.js';
import { splitFileId } from '../../core/model/file-id.js';
import type { ExchangeOptions } from '../../core/net/exchange.js';
import { SendExchange } from '../../core/net/send-exchange.js';
import type { Command } from '../../core/protocol/command.js';
import { uploadAppenderFile, uploadFile, uploadSlaveFile } from '../../core/protocol/storage-commands.js';

/** A file that a storage has made. */
export interface Placed {
  readonly fileId: string;
  readonly storage: Address;
}

/** Content of known length on its way to a storage. */
export interface OpenUpload {
  readonly exchange: SendExchange<unknown, string>;
  readonly storage: Address;
}

export interface Destination {
  /** Sends content that is in memory; storages that refuse are passed over. */
  send(content: readonly Uint8Array[], size: number): Promise<Placed>;
  /** Finds a storage and opens an upload of `size` bytes there. */
  open(size: number): Promise<OpenUpload>;
}

export interface NewFile {
  group: string | undefined;
  /** Without the dot. */
  ext: string;
  appender: boolean;
}

/** A new file in `group`, or wherever the trackers say. */
export function newFile(engine: Engine, file: NewFile, options: ExchangeOptions): Destination {
  const command = file.appender ? uploadAppenderFile : uploadFile;
  const place = <T>(size: number, run: Run<T>) =>
    engine.place(file.group, options, (target, retries) =>
      run(target.address, retries, command, { storePathIndex: target.storePathIndex, size, ext: file.ext }),
    );
  return destination(engine, place, options);
}

export interface NewSlave {
  master: string;
  prefix: string;
  ext: string;
}

/** A slave file, on the source storage of its master. */
export function newSlave(engine: Engine, slave: NewSlave, options: ExchangeOptions): Destination {
  const { remoteFilename } = splitFileId(slave.master);
  const place = <T>(size: number, run: Run<T>) =>
    engine.update(slave.master, options, (address, retries) =>
      run(address, retries, uploadSlaveFile, {
        masterRemoteFilename: remoteFilename,
        prefix: slave.prefix,
        ext: slave.ext,
        size,
      }),
    );
  return destination(engine, place, options);
}

type Run<T> = <Args>(
  address: Address,
  retries: number,
  command: Command<Args, string>,
  args: Args,
) => Promise<T>;

function destination(
  engine: Engine,
  place: <T>(size: number, run: Run<T>) => Promise<T>,
  options: ExchangeOptions,
): Destination {
  const { fileId, signal } = options;
  return {
    send: (content, size) =>
      place<Placed>(size, async (storage, retries, command, args) => ({
        fileId: await engine.callAt(storage, command, args, { fileId, retries }, content, signal),
        storage,
      })),
    open: (size) =>
      place<OpenUpload>(size, async (storage, retries, command, args) => {
        const { pool, connection } = await engine.checkout(storage, signal);
        return {
          exchange: new SendExchange(pool, connection, command, args, { fileId, retries }),
          storage,
        } as OpenUpload;
      }),
  };
}
