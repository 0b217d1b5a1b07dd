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

export interface NewFile {
  group: string | undefined;
  /** Without the dot. */
  ext: string;
  appender: boolean;
}

export interface NewSlave {
  master: string;
  prefix: string;
  ext: string;
}

/** One attempt at one storage, with the command that makes the file there. */
type Run<T> = <Args>(
  storage: Address,
  retries: number,
  command: Command<Args, string>,
  args: Args,
) => Promise<T>;

export abstract class Destination<File = unknown> {
  protected readonly engine: Engine;
  protected readonly file: File;
  protected readonly options: ExchangeOptions;

  constructor(engine: Engine, file: File, options: ExchangeOptions) {
    this.engine = engine;
    this.file = file;
    this.options = options;
  }

  /** Runs `run` on the storage for the file, and on others while nothing has been stored. */
  protected abstract place<T>(size: number, run: Run<T>): Promise<T>;

  /** Sends content that is in memory; storages that refuse are passed over. */
  send(content: readonly Uint8Array[], size: number): Promise<Placed> {
    const { fileId, signal } = this.options;
    return this.place<Placed>(size, async (storage, retries, command, args) => ({
      fileId: await this.engine.callAt(storage, command, args, { fileId, retries }, content, signal),
      storage,
    }));
  }

  /** Sends `size` bytes that can be read again; storages that refuse are passed over. */
  sendFrom(size: number, content: WriteAll): Promise<Placed> {
    return this.place<Placed>(size, async (storage, retries, command, args) => {
      const exchange = await this.#open(storage, retries, command, args);
      const release = onAbort(this.options.signal, (reason) => abortIncomplete(exchange, reason));
      try {
        await content((chunk) => writeChunk(exchange, chunk));
      } catch (error) {
        abortIncomplete(exchange, error);
      }
      return { fileId: await exchange.done.finally(release), storage };
    });
  }

  /** Finds a storage and opens an upload of `size` bytes there. */
  open(size: number): Promise<OpenUpload> {
    return this.place<OpenUpload>(size, async (storage, retries, command, args) => {
      const exchange = await this.#open(storage, retries, command, args);
      return { exchange, storage } as OpenUpload;
    });
  }

  async #open<Args>(
    storage: Address,
    retries: number,
    command: Command<Args, string>,
    args: Args,
  ): Promise<SendExchange<Args, string>> {
    const { fileId, signal } = this.options;
    const { pool, connection } = await this.engine.checkout(storage, signal);
    return new SendExchange(pool, connection, command, args, { fileId, retries });
  }
}

/** A new file in `group`, or in the group that the trackers choose. */
export class NewFileDestination extends Destination<NewFile> {
  protected override place<T>(size: number, run: Run<T>): Promise<T> {
    const { group, ext, appender } = this.file;
    const command = appender ? uploadAppenderFile : uploadFile;
    return this.engine.place(group, this.options, ({ address, storePathIndex }, retries) =>
      run(address, retries, command, { storePathIndex, size, ext }),
    );
  }
}

/** A slave file, on the source storage of its master. */
export class NewSlaveDestination extends Destination<NewSlave> {
  protected override place<T>(size: number, run: Run<T>): Promise<T> {
    const { master, prefix, ext } = this.file;
    const name = splitFileId(master);
    const args = { masterRemoteFilename: name.remoteFilename, prefix, ext, size };
    return this.engine.update(name, this.options, (address, retries) =>
      run(address, retries, uploadSlaveFile, args),
    );
  }
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
