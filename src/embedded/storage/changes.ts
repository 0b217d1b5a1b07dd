/**
 * APPEND_FILE, MODIFY_FILE, TRUNCATE_FILE and REGENERATE_APPENDER_FILENAME: for appender files only. A change of
 * nothing is answered with a copy of the request, as the real server does.
 */
import { nowSeconds } from '../model.js';
import { ConnectionClosed } from '../wire/connection.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import { decodeRemoteName, readRemoteName } from './file-names.js';
import {
  count,
  isAppenderNameLength,
  openBody,
  readInt64,
  refuseDirectory,
  type StorageCommand,
  type StorageContext,
  type StorageRequest,
} from './request.js';
import { encodeFileId } from './uploads.js';

interface Appender {
  readonly name: string;
  readonly size: number;
}

/** Checks the name's syntax first, then whether the file is there, then whether the name is an appender's. */
async function findAppender(
  context: StorageContext,
  request: StorageRequest,
  at: number,
  length: number,
): Promise<Appender> {
  const { model, node } = context;
  const field = request.first.subarray(at, at + length);
  const name = readRemoteName(field, model.options.storePaths);
  // Content inside a trunk file is not a file with this name.
  refuseUnless(node.slots?.holds(name) !== true, STATUS.NOT_FOUND);
  const { size } = await node.store.stat(name).catch(refuseDirectory);
  const decoded = decodeRemoteName(field.toString('latin1'));
  refuseUnless(decoded?.appender === true, STATUS.INVALID);
  return { name, size };
}

const EMPTY: Reply = { status: STATUS.OK };

/** name length 8, bytes 8, name, content */
export const appendFile: StorageCommand = {
  streams: true,
  async run(context, request) {
    const { first, length } = request;
    const { store, space, replicator } = context.node;
    refuseUnless(length > 16, STATUS.INVALID);
    const nameLength = readInt64(first, 0);
    const bytes = readInt64(first, 8);
    refuseUnless(isAppenderNameLength(nameLength), STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - 16 - nameLength, STATUS.INVALID);
    const { name, size } = await findAppender(context, request, 16, nameLength);
    if (bytes === 0) return { status: STATUS.OK, body: first };
    space.checkGrowth(bytes);
    await store.append(name, size, openBody(request, 16 + nameLength));
    space.grow(name, bytes);
    count(context, { counter: 'append', bytes: ['appendBytes', bytes], access: 'fileWrite', change: true });
    await replicator.record('A', name, size, bytes);
    return EMPTY;
  },
};

/** name length 8, offset 8, bytes 8, name, content */
export const modifyFile: StorageCommand = {
  streams: true,
  async run(context, request) {
    const { first, length } = request;
    const { store, space, replicator } = context.node;
    refuseUnless(length > 24, STATUS.INVALID);
    const nameLength = readInt64(first, 0);
    const offset = readInt64(first, 8);
    const bytes = readInt64(first, 16);
    refuseUnless(isAppenderNameLength(nameLength) && offset >= 0, STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - 24 - nameLength, STATUS.INVALID);
    const { name, size } = await findAppender(context, request, 24, nameLength);
    refuseUnless(offset <= size, STATUS.INVALID);
    if (bytes === 0) return { status: STATUS.OK, body: first };
    const growth = Math.max(0, offset + bytes - size);
    space.checkGrowth(growth);
    await store.modify(name, offset, openBody(request, 24 + nameLength));
    space.grow(name, growth);
    count(context, { counter: 'modify', bytes: ['modifyBytes', bytes], access: 'fileWrite', change: true });
    await replicator.record('M', name, offset, bytes);
    return EMPTY;
  },
};

/**
 * name length 8, new size 8, name; what follows the name is ignored. A name that is cut short is read on in old bytes of the
 * buffer, so its file is missing.
 */
export const truncateFile: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store, space, replicator, counters } = context.node;
    refuseUnless(length > 16, STATUS.INVALID);
    const nameLength = readInt64(first, 0);
    const newSize = readInt64(first, 8);
    refuseUnless(isAppenderNameLength(nameLength), STATUS.INVALID);
    refuseUnless(newSize >= 0, STATUS.INVALID);
    if (nameLength > length - 16) {
      readRemoteName(first.subarray(16), context.model.options.storePaths);
      throw new Refused(STATUS.NOT_FOUND);
    }
    const { name, size } = await findAppender(context, request, 16, nameLength);
    if (newSize === size) return { status: STATUS.OK, body: first };
    refuseUnless(newSize < size || context.model.traits.canExtend, STATUS.INVALID);
    space.checkGrowth(newSize - size);
    await store.truncate(name, newSize);
    space.grow(name, newSize - size);
    counters.done('fileOpen');
    count(context, { counter: 'truncate', change: true });
    await replicator.record('T', name, size, newSize);
    return EMPTY;
  },
};

/**
 * name. Reads the whole file, then gives it an ordinary file's name; the directory, the padding digits and the
 * extension stay. Its metadata does not move along.
 */
export const regenerateAppenderFilename: StorageCommand = {
  async run(context, request) {
    const { model, node } = context;
    const { group, store, counters, replicator } = node;
    const { length, connection } = request;
    refuseUnless(model.traits.canRegenerate, STATUS.INVALID);
    refuseUnless(isAppenderNameLength(length), STATUS.INVALID);
    const { name: old, size } = await findAppender(context, request, 0, length);
    const crc32 = await store.checksum(old, () => {
      if (connection.closed || connection.ended) throw new ConnectionClosed(); // the file keeps its name
    });
    const source = model.storageIds ? node.id : node.host;
    const directory = old.slice(0, old.lastIndexOf('/') + 1);
    const name = group.names.make(directory, { source, size, crc32, appender: false }, old.slice(-7));
    await store.rename(old, name);
    counters.done('fileOpen');
    counters.done('fileRead');
    counters.lastSourceUpdate = nowSeconds();
    await replicator.record('R', name, old);
    return { status: STATUS.OK, body: encodeFileId(group.name, name) };
  },
};
