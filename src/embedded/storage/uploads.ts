/** UPLOAD_FILE, UPLOAD_APPENDER_FILE and UPLOAD_SLAVE_FILE. All checks come before the first byte is stored. */
import { ANY_STORE_PATH, EXT_BYTES, GROUP_BYTES, PREFIX_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/writer.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import { checkChosen, cString, dataName, NAME_LIMIT, slaveName, tailOf } from './file-names.js';
import {
  checkHeld,
  contentOf,
  count,
  int64At,
  type StorageCommand,
  type StorageContext,
  type StorageRequest,
} from './request.js';

/** store path index 1, size 8, ext 6 */
const UPLOAD_PARAMS = 1 + 8 + EXT_BYTES;
/** master name length 8, size 8, prefix 16, ext 6 */
const SLAVE_PARAMS = 8 + 8 + PREFIX_BYTES + EXT_BYTES;

export const uploadFile: StorageCommand = {
  streams: true,
  run: (context, request) => upload(context, request, false),
};

export const uploadAppenderFile: StorageCommand = {
  streams: true,
  run: (context, request) => upload(context, request, true),
};

async function upload(context: StorageContext, request: StorageRequest, appender: boolean): Promise<Reply> {
  const { first, length } = request;
  const { group, index } = context.node;
  refuseUnless(length >= UPLOAD_PARAMS, STATUS.INVALID);
  const pathIndex = first[0]!;
  const size = int64At(first, 1);
  refuseUnless(pathIndex === 0 || pathIndex === ANY_STORE_PATH, STATUS.INVALID);
  refuseUnless(size === length - UPLOAD_PARAMS, STATUS.INVALID);
  const ext = checkChosen(cString(first.subarray(9, UPLOAD_PARAMS)));
  const directory = await group.store.nextDirectory();
  const source = context.model.storageIds ? context.node.id : context.node.host;
  const data = await group.store.create(contentOf(request, UPLOAD_PARAMS), (crc32) => {
    const name = group.names.make(
      directory,
      { source, size: appender ? 0 : size, crc32, appender },
      tailOf(ext),
    );
    group.replication.created(name, index);
    return name;
  });
  count(context, { counter: 'upload', bytes: ['uploadBytes', size], access: 'fileWrite', change: true });
  return { status: STATUS.OK, body: fileIdReply(group.name, data) };
}

export const uploadSlaveFile: StorageCommand = {
  streams: true,
  run: uploadSlave,
};

async function uploadSlave(context: StorageContext, request: StorageRequest): Promise<Reply> {
  const { first, length } = request;
  const { group, index } = context.node;
  refuseUnless(length > SLAVE_PARAMS, STATUS.INVALID);
  const nameLength = int64At(first, 0);
  const size = int64At(first, 8);
  refuseUnless(nameLength > 10 && nameLength < NAME_LIMIT, STATUS.INVALID);
  refuseUnless(size >= 0 && size === length - SLAVE_PARAMS - nameLength, STATUS.INVALID);
  const prefix = cString(first.subarray(16, 16 + PREFIX_BYTES));
  refuseUnless(prefix !== '', STATUS.INVALID);
  checkChosen(prefix);
  const ext = checkChosen(cString(first.subarray(16 + PREFIX_BYTES, SLAVE_PARAMS)));
  const master = dataName(first.subarray(SLAVE_PARAMS, SLAVE_PARAMS + nameLength));
  checkHeld(context, master);
  refuseUnless(await group.store.exists(master), STATUS.NOT_FOUND);
  const data = slaveName(master, prefix, ext);
  refuseUnless(!(await group.store.exists(data)), STATUS.EXISTS);
  await group.store.create(contentOf(request, SLAVE_PARAMS + nameLength), () => {
    group.replication.created(data, index);
    return data;
  });
  count(context, { counter: 'upload', bytes: ['uploadBytes', size], access: 'fileWrite', change: true });
  return { status: STATUS.OK, body: fileIdReply(group.name, data) };
}

/** group 16, remote filename */
export function fileIdReply(group: string, data: string): Buffer {
  return new Writer().fixed(group, GROUP_BYTES, 'Group name').text(`M00/${data}`).finish();
}
