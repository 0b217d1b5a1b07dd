/**
 * APPEND_FILE, MODIFY_FILE, TRUNCATE_FILE and REGENERATE_APPENDER_FILENAME: for appender files only. A change of
 * nothing is answered with a copy of the request, as the real server does.
 */
import { dirname } from 'node:path/posix';
import { nowSeconds } from '../model.js';
import { Gone } from '../wire/connection.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import { decodeRemoteName } from './file-names.js';
import {
  appenderNameAt,
  checkHeld,
  contentOf,
  count,
  int64At,
  isAppenderNameLength,
  type StorageCommand,
  type StorageContext,
  type StorageRequest,
} from './request.js';
import { fileIdReply } from './uploads.js';

interface Appender {
  readonly data: string;
  readonly size: number;
}

/** The name's syntax first, then whether the file is there, then whether its name is an appender's. */
async function findAppender(context: StorageContext, request: StorageRequest, at: number, length: number) {
  const { remote, data } = appenderNameAt(request, at, length);
  checkHeld(context, data);
  const { size } = await context.node.group.store.stat(data).catch((error: unknown) => {
    throw error instanceof Refused ? new Refused(STATUS.INVALID) : error; // not a file: 22 here
  });
  refuseUnless(decodeRemoteName(remote)?.appender === true, STATUS.INVALID);
  return { data, size } satisfies Appender;
}

const NOTHING: Reply = { status: STATUS.OK };

/** name length 8, bytes 8, name, content */
export const appendFile: StorageCommand = {
  streams: true,
  async run(context, request) {
    const { first, length } = request;
    refuseUnless(length > 16, STATUS.INVALID);
    const nameLength = int64At(first, 0);
    const bytes = int64At(first, 8);
    refuseUnless(isAppenderNameLength(nameLength), STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - 16 - nameLength, STATUS.INVALID);
    const { data, size } = await findAppender(context, request, 16, nameLength);
    if (bytes === 0) return { status: STATUS.OK, body: first };
    await context.node.group.store.append(data, size, contentOf(request, 16 + nameLength));
    count(context, { counter: 'append', bytes: ['appendBytes', bytes], access: 'fileWrite', change: true });
    return NOTHING;
  },
};

/** name length 8, offset 8, bytes 8, name, content */
export const modifyFile: StorageCommand = {
  streams: true,
  async run(context, request) {
    const { first, length } = request;
    refuseUnless(length > 24, STATUS.INVALID);
    const nameLength = int64At(first, 0);
    const offset = int64At(first, 8);
    const bytes = int64At(first, 16);
    refuseUnless(isAppenderNameLength(nameLength) && offset >= 0, STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - 24 - nameLength, STATUS.INVALID);
    const { data, size } = await findAppender(context, request, 24, nameLength);
    refuseUnless(offset <= size, STATUS.INVALID);
    if (bytes === 0) return { status: STATUS.OK, body: first };
    await context.node.group.store.modify(data, offset, contentOf(request, 24 + nameLength));
    count(context, { counter: 'modify', bytes: ['modifyBytes', bytes], access: 'fileWrite', change: true });
    return NOTHING;
  },
};

/** name length 8, new size 8, name; what follows the name is ignored */
export const truncateFile: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    refuseUnless(length > 16, STATUS.INVALID);
    const nameLength = int64At(first, 0);
    const newSize = int64At(first, 8);
    refuseUnless(isAppenderNameLength(nameLength) && nameLength <= length - 16, STATUS.INVALID);
    refuseUnless(newSize >= 0, STATUS.INVALID);
    const { data, size } = await findAppender(context, request, 16, nameLength);
    if (newSize === size) return { status: STATUS.OK, body: first };
    await context.node.group.store.truncate(data, newSize);
    count(context, { counter: 'truncate', change: true });
    return NOTHING;
  },
};

/**
 * name. Reads the whole file, then gives it an ordinary file's name; the directory, the padding digits and the
 * extension stay. Its metadata does not move along.
 */
export const regenerateAppenderFilename: StorageCommand = {
  async run(context, request) {
    const { model, node } = context;
    const { group } = node;
    const { length, connection } = request;
    refuseUnless(model.traits.canRegenerate, STATUS.INVALID);
    refuseUnless(isAppenderNameLength(length), STATUS.INVALID);
    const { data, size } = await findAppender(context, request, 0, length);
    const crc32 = await group.store.checksum(data, () => {
      if (connection.gone || connection.ended) throw new Gone(); // the file keeps its name
    });
    const source = model.storageIds ? node.id : node.host;
    const name = group.names.make(
      `${dirname(data)}/`,
      { source, size, crc32, appender: false },
      data.slice(-7),
    );
    await group.store.rename(data, name);
    group.replication.removed(data);
    group.replication.created(name, node.index);
    node.counters.lastSourceUpdate = nowSeconds();
    return { status: STATUS.OK, body: fileIdReply(group.name, name) };
  },
};
