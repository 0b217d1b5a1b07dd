/** UPLOAD_FILE, UPLOAD_APPENDER_FILE and UPLOAD_SLAVE_FILE. All checks come before the first byte is stored. */
import { ANY_STORE_PATH, EXT_BYTES, GROUP_BYTES, PREFIX_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/fields.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import {
  checkChosen,
  makeSlaveName,
  makeTail,
  NAME_LIMIT,
  readCString,
  readStorePath,
} from './file-names.js';
import {
  count,
  openBody,
  readInt64,
  readName,
  type StorageCommand,
  type StorageContext,
  type StorageRequest,
} from './request.js';
import { fitsSlot } from './trunk-slots.js';

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
  const { group, store, slots, space, replicator } = context.node;
  const { storePaths } = context.model.options;
  refuseUnless(length >= UPLOAD_PARAMS, STATUS.INVALID);
  const pathIndex = first[0]!;
  const size = readInt64(first, 1);
  refuseUnless(pathIndex < storePaths || pathIndex === ANY_STORE_PATH, STATUS.INVALID);
  refuseUnless(size === length - UPLOAD_PARAMS, STATUS.INVALID);
  const ext = checkChosen(readCString(first.subarray(9, UPLOAD_PARAMS)));
  space.checkNewFile(size);
  const storePath = pathIndex === ANY_STORE_PATH ? store.nextStorePath() : pathIndex;
  const source = context.model.storageIds ? context.node.id : context.node.host;
  const slot = !appender && fitsSlot(size) ? slots?.allocate(size) : undefined;
  const directory = slot ? store.trunkDirectory(storePath) : store.nextDirectory(storePath);
  const name = await store.create(
    openBody(request, UPLOAD_PARAMS),
    storePath,
    (crc32) =>
      group.names.make(
        directory,
        { source, size: appender ? 0 : size, crc32, appender },
        makeTail(ext),
        slot,
      ),
    (made) => replicator.write('C', made),
  );
  slots?.take(name);
  space.grow(name, size);
  count(context, { counter: 'upload', bytes: ['uploadBytes', size], access: 'fileWrite', change: true });
  await replicator.send();
  return { status: STATUS.OK, body: encodeFileId(group.name, name) };
}

/** Two uploads of one slave at the same time both succeed: the name is checked first and the file is made later. */
export const uploadSlaveFile: StorageCommand = {
  streams: true,
  async run(context, request) {
    const { first, length } = request;
    const { group, store, slots, space, replicator } = context.node;
    refuseUnless(length > SLAVE_PARAMS, STATUS.INVALID);
    const nameLength = readInt64(first, 0);
    const size = readInt64(first, 8);
    refuseUnless(nameLength > 10 && nameLength < NAME_LIMIT, STATUS.INVALID);
    refuseUnless(size >= 0 && size === length - SLAVE_PARAMS - nameLength, STATUS.INVALID);
    const prefix = readCString(first.subarray(16, 16 + PREFIX_BYTES));
    refuseUnless(prefix !== '', STATUS.INVALID);
    checkChosen(prefix);
    const ext = checkChosen(readCString(first.subarray(16 + PREFIX_BYTES, SLAVE_PARAMS)));
    const master = readName(context, first.subarray(SLAVE_PARAMS, SLAVE_PARAMS + nameLength));
    refuseUnless(store.exists(master), STATUS.NOT_FOUND);
    const name = makeSlaveName(master, prefix, ext);
    const isShadowed = slots?.holds(name) === true;
    if (isShadowed) slots?.shadow(name);
    else refuseUnless(!store.exists(name), STATUS.EXISTS);
    space.checkNewFile(size);
    const body = openBody(request, SLAVE_PARAMS + nameLength);
    if (isShadowed) {
      while (await body.next());
      return { status: STATUS.OK, body: encodeFileId(group.name, name) };
    }
    await Promise.resolve(); // other requests of this moment are checked before the file is there
    const storePath = readStorePath(master);
    const makeName = () => name;
    await store.create(body, storePath, makeName, (made) => replicator.write('C', made));
    space.grow(name, size);
    count(context, { counter: 'upload', bytes: ['uploadBytes', size], access: 'fileWrite', change: true });
    await replicator.send();
    return { status: STATUS.OK, body: encodeFileId(group.name, name) };
  },
};

/** group 16, remote filename */
export function encodeFileId(group: string, name: string): Buffer {
  return new Writer().fixed(group, GROUP_BYTES, 'Group name').text(name).finish();
}
