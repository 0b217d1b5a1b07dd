/**
 * Commands that a client sends to trackers: where to upload, where a file is, and the parameters it needs.
 * Layouts in wire order; `A` is the address size of the server (16 or 46), derived from the reply's length.
 */
import { ProtocolError } from '../base/errors.js';
import type { Address } from '../model/address.js';
import { isGroup, type SplitFileId } from '../model/file-id.js';
import {
  GROUP_BYTES,
  IPV4_ADDRESS_BYTES,
  IPV6_ADDRESS_BYTES,
  MAX_PORT,
  MAX_SERVERS_PER_GROUP,
  MAX_STORAGES,
} from '../model/limits.js';
import type { Command } from './command.js';
import { HEADER_BYTES, NOT_A_TRACKER } from './constants.js';
import { encodeFileName, encodeGroup, encodeNothing, Reader } from './fields.js';

/** Where an upload may go. */
export interface StoreTargets {
  readonly group: string;
  readonly storages: readonly Address[];
  /** Goes into the upload request. */
  readonly storePathIndex: number;
}

/** Where a file can be read or changed. */
export interface FileLocations {
  readonly group: string;
  readonly storages: readonly Address[];
}

const PORT_BYTES = 8;
const MAX_QUERY_REPLY = GROUP_BYTES + MAX_SERVERS_PER_GROUP * (IPV6_ADDRESS_BYTES - 1 + PORT_BYTES) + 1;

const readOnlyQuery = {
  to: 'tracker',
  shape: 'small',
  repeatable: true,
  readOnly: true,
  maxReply: MAX_QUERY_REPLY,
} as const;

const INVALID_OR_NOT_A_TRACKER = `the request is invalid, or ${NOT_A_TRACKER}`;

/** What the statuses of a tracker mean when it is asked where to upload. */
const STORE_HINTS = {
  2: 'there is no such group, or none of its storages is ACTIVE and writable',
  22: INVALID_OR_NOT_A_TRACKER,
  28: 'no storage has space above its reserve; free space, add a storage, or lower reserved_storage_space in tracker.conf',
} as const;
const STORE_ANYWHERE_HINTS = {
  ...STORE_HINTS,
  2: 'no group has a storage that is ACTIVE and writable',
  22: NOT_A_TRACKER,
} as const;
const READ_HINTS = {
  2: 'there is no such group, or none of its storages is ACTIVE and readable',
  22: INVALID_OR_NOT_A_TRACKER,
} as const;
const UPDATE_HINTS = { 2: STORE_HINTS[2], 22: INVALID_OR_NOT_A_TRACKER } as const;

/** group 16, n × (address A−1, port 8) [, store path index 1] */
function decodeServers(
  body: Buffer,
  trailing: number,
): { group: string; storages: Address[]; reader: Reader } {
  const list = body.length - GROUP_BYTES - trailing;
  const width = addressWidth(list);
  if (width === undefined) {
    throw new ProtocolError(
      `Response of ${body.length} bytes is no server list: expected ${GROUP_BYTES + trailing} + n * 23 or n * 53 bytes`,
    );
  }
  const reader = new Reader(body);
  const group = reader.fixed(GROUP_BYTES);
  // Whatever is shown later has been checked here: control characters of a hostile server reach no terminal.
  if (!isGroup(group)) {
    throw new ProtocolError(`Response has an invalid group name: ${JSON.stringify(group)}`);
  }
  const storages: Address[] = [];
  for (let left = list; left > 0; left -= width + PORT_BYTES) {
    const host = reader.fixed(width);
    const port = reader.int64();
    if (!/^[A-Za-z0-9._:%-]+$/.test(host) || port < 1 || port > MAX_PORT) {
      throw new ProtocolError(
        `Response has an invalid server address: ${JSON.stringify(host)}, port ${port}`,
      );
    }
    storages.push({ host, port });
  }
  return { group, storages, reader };
}

/** 23 is tried first: with at most 32 servers the two widths cannot be confused. */
function addressWidth(listBytes: number): number | undefined {
  for (const size of [IPV4_ADDRESS_BYTES, IPV6_ADDRESS_BYTES]) {
    const record = size - 1 + PORT_BYTES;
    if (listBytes > 0 && listBytes % record === 0 && listBytes / record <= MAX_SERVERS_PER_GROUP)
      return size - 1;
  }
  return undefined;
}

function decodeStoreTargets(body: Buffer): StoreTargets {
  const { group, storages, reader } = decodeServers(body, 1);
  return { group, storages, storePathIndex: reader.byte() };
}

function decodeFileLocations(body: Buffer): FileLocations {
  const { group, storages } = decodeServers(body, 0);
  return { group, storages };
}

/** request: empty · reply: group 16, address A−1, port 8, store path index 1 */
export const queryStoreWithoutGroupOne: Command<void, StoreTargets> = {
  ...readOnlyQuery,
  name: 'QUERY_STORE_WITHOUT_GROUP_ONE',
  code: 101,
  hints: STORE_ANYWHERE_HINTS,
  encode: encodeNothing,
  decode: decodeStoreTargets,
};

/** request: group 16 · reply as 101 */
export const queryStoreWithGroupOne: Command<{ group: string }, StoreTargets> = {
  ...readOnlyQuery,
  name: 'QUERY_STORE_WITH_GROUP_ONE',
  code: 104,
  hints: STORE_HINTS,
  encode: encodeGroup,
  decode: decodeStoreTargets,
};

/** request: empty · reply: group 16, n × (address A−1, port 8), store path index 1 */
export const queryStoreWithoutGroupAll: Command<void, StoreTargets> = {
  ...readOnlyQuery,
  name: 'QUERY_STORE_WITHOUT_GROUP_ALL',
  code: 106,
  hints: STORE_ANYWHERE_HINTS,
  encode: encodeNothing,
  decode: decodeStoreTargets,
};

/** request: group 16 · reply as 106 */
export const queryStoreWithGroupAll: Command<{ group: string }, StoreTargets> = {
  ...readOnlyQuery,
  name: 'QUERY_STORE_WITH_GROUP_ALL',
  code: 107,
  hints: STORE_HINTS,
  encode: encodeGroup,
  decode: decodeStoreTargets,
};

/** request: group 16, filename · reply: group 16, address A−1, port 8. Trackers do not know whether the file exists. */
export const queryFetchOne: Command<SplitFileId, FileLocations> = {
  ...readOnlyQuery,
  name: 'QUERY_FETCH_ONE',
  code: 102,
  hints: READ_HINTS,
  encode: encodeFileName,
  decode: decodeFileLocations,
};

/** As 102, for changes: names the source storage of the file where that is writable. */
export const queryUpdate: Command<SplitFileId, FileLocations> = {
  ...readOnlyQuery,
  name: 'QUERY_UPDATE',
  code: 103,
  hints: UPDATE_HINTS,
  encode: encodeFileName,
  decode: decodeFileLocations,
};

/** As 102, with every storage that is sure to have the file: group 16, n × (address A−1, port 8). */
export const queryFetchAll: Command<SplitFileId, FileLocations> = {
  ...readOnlyQuery,
  name: 'QUERY_FETCH_ALL',
  code: 105,
  hints: READ_HINTS,
  encode: encodeFileName,
  decode: decodeFileLocations,
};

/** Either server: request and reply empty. */
export const activeTest: Command<void, void> = {
  name: 'ACTIVE_TEST',
  code: 111,
  to: 'tracker',
  shape: 'small',
  repeatable: true,
  readOnly: true,
  maxReply: 0,
  encode: encodeNothing,
  decode: () => undefined,
};

/** request: empty · reply: the cluster's parameters as lines `name=value` */
export const getParameters: Command<void, Record<string, string>> = {
  ...readOnlyQuery,
  name: 'PARAMETER_REQ',
  code: 75,
  maxReply: 64 * 1024,
  encode: encodeNothing,
  decode(body) {
    const parameters: Record<string, string> = {};
    for (const line of body.toString('utf8').split('\n')) {
      const equals = line.indexOf('=');
      if (equals > 0) parameters[line.slice(0, equals).trim()] = line.slice(equals + 1).trim();
    }
    return parameters;
  },
};

export interface StorageIdsPage {
  readonly total: number;
  readonly count: number;
  /** Lines as in storage_ids.conf: `id group host[:port] [rw=mode]`. */
  readonly lines: readonly string[];
}

/** request: start index 4, allow empty 1 (servers up to 6.10: without that byte) · reply: total 4, count 4, text lines */
export const fetchStorageIds: Command<{ start: number; withAllowEmpty: boolean }, StorageIdsPage> = {
  ...readOnlyQuery,
  name: 'FETCH_STORAGE_IDS',
  code: 69,
  maxReply: 256 * 1024 - HEADER_BYTES,
  encode(writer, { start, withAllowEmpty }) {
    writer.int32(start);
    if (withAllowEmpty) writer.byte(1);
  },
  decode(body) {
    const reader = new Reader(body);
    const total = reader.int32();
    const count = reader.int32();
    if (total < 0 || total > MAX_STORAGES || count < 0 || count > total) {
      throw new ProtocolError(
        `Response announces ${total} storage ids, ${count} of them in this page; a cluster has at most ${MAX_STORAGES}`,
      );
    }
    const lines = reader.rest().split('\n', count + 2);
    const filled = lines.filter((line) => line !== '');
    if (filled.length !== count) {
      throw new ProtocolError(`Response announces ${count} storage ids; expected as many lines`);
    }
    return { total, count, lines: filled };
  },
};
