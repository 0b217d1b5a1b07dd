/** Which storages have a file, or serve a group. */
import { ArgumentError } from '../base/errors.js';
import { CALL_OPTIONS, type CallOptions, type Checks, checkOptions, enumOption } from '../base/validate.js';
import type { Engine } from '../cluster/engine.js';
import { type Address, parseAddress } from '../model/address.js';
import { splitFileId } from '../model/file-id.js';
import { DEFAULT_STORAGE_PORT } from '../model/limits.js';
import { listStorage } from '../protocol/admin-commands.js';

/** What the storages are wanted for. */
export interface LocateOptions extends CallOptions {
  /** `read`: every storage that has the file; `update`: the one where it can be changed. Default `read`. */
  for?: 'read' | 'update' | undefined;
}

const LOCATE_OPTIONS: Checks<LocateOptions> = { ...CALL_OPTIONS, for: enumOption('read', 'update') };

export async function locate(
  engine: Engine,
  fileId: string,
  options: LocateOptions | undefined,
): Promise<Address[]> {
  checkOptions('locate()', options, LOCATE_OPTIONS);
  const { for: purpose = 'read', signal } = options ?? {};
  const storages = await engine.locate(splitFileId(fileId), purpose, { signal, fileId });
  return storages.map(({ host, port }) => ({ host, port }));
}

/**
 * Finds one storage of a group.
 * @param storage `host:port`, or what the tracker lists it by: its storage id, or its address
 * @throws ArgumentError (`FASTDFS_ARGUMENT`) when the group has no such storage
 */
export async function findStorage(
  engine: Engine,
  group: string,
  storage: string,
  options: CallOptions,
): Promise<Address> {
  if (/^(\[.*\]|[^:]+):\d+$/.test(storage)) return parseAddress(storage, DEFAULT_STORAGE_PORT);
  const listed = await engine.trackerClient.ask(listStorage, { group }, options);
  const found = listed.find(({ id, host }) => id === storage || host === storage);
  if (!found) {
    const known = listed.map(({ id }) => id).join(', ');
    throw new ArgumentError(`Group ${group} has no storage ${JSON.stringify(storage)}; it has ${known}`);
  }
  return { host: found.host, port: found.port };
}
