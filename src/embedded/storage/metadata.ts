/** SET_METADATA and GET_METADATA. A file without metadata and a missing file look the same to a reader: 2. */
import { GROUP_BYTES } from '../../core/model/limits.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import { NAME_LIMIT } from './file-names.js';
import { makeMergedMetadata, makeNewMetadata } from './metadata-file.js';
import {
  checkGroupField,
  count,
  readInt64,
  readName,
  type StorageCommand,
  type StorageContext,
} from './request.js';

/** name length 8, metadata length 8, flag 1, group 16 */
const SET_PARAMS = 17 + GROUP_BYTES;
const OVERWRITE = 0x4f;
const MERGE = 0x4d;

export const setMetadata: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store } = context.node;
    refuseUnless(length > SET_PARAMS, STATUS.INVALID);
    const nameLength = readInt64(first, 0);
    const bytes = readInt64(first, 8);
    const flag = first[16]!;
    refuseUnless(nameLength > 0 && nameLength < NAME_LIMIT, STATUS.INVALID);
    refuseUnless(flag === OVERWRITE || flag === MERGE, STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - SET_PARAMS - nameLength, STATUS.INVALID);
    checkGroupField(context, first, 17);
    const name = readName(context, first.subarray(SET_PARAMS, SET_PARAMS + nameLength));
    refuseUnless(store.exists(name), STATUS.NOT_FOUND);
    await change(context, name, flag, first.subarray(SET_PARAMS + nameLength));
    count(context, { counter: 'setMeta', change: true });
    return { status: STATUS.OK };
  },
};

async function change(context: StorageContext, name: string, flag: number, metadata: Buffer): Promise<void> {
  const { store, replicator } = context.node;
  if (metadata.length === 0) {
    if (flag === OVERWRITE) store.removeMetadata(name, (removed) => replicator.write('D', removed));
    return replicator.send();
  }
  const existing = await store.readMetadata(name).catch(() => undefined);
  const content =
    flag === MERGE && existing !== undefined
      ? makeMergedMetadata(existing, metadata)
      : makeNewMetadata(metadata);
  const operation = existing === undefined ? 'C' : 'U';
  await store.writeMetadata(name, content, (made) => replicator.write(operation, made));
  await replicator.send();
}

/** group 16, name → the metadata file */
export const getMetadata: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store } = context.node;
    refuseUnless(length > GROUP_BYTES, STATUS.INVALID);
    checkGroupField(context, first, 0);
    const name = readName(context, first.subarray(GROUP_BYTES));
    refuseUnless(store.exists(name), STATUS.NOT_FOUND);
    const body = await store.readMetadata(name);
    count(context, { counter: 'getMeta', change: false });
    return { status: STATUS.OK, body };
  },
};
