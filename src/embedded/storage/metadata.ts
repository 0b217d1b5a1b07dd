/** SET_METADATA and GET_METADATA. A file without metadata and a missing file look the same to a reader: 2. */
import { GROUP_BYTES } from '../../core/model/limits.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import { dataName, NAME_LIMIT } from './file-names.js';
import { merged, overwritten } from './metadata-file.js';
import {
  checkGroupField,
  checkHeld,
  count,
  int64At,
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
    const { store } = context.node.group;
    refuseUnless(length > SET_PARAMS, STATUS.INVALID);
    const nameLength = int64At(first, 0);
    const bytes = int64At(first, 8);
    const flag = first[16]!;
    refuseUnless(nameLength > 0 && nameLength < NAME_LIMIT, STATUS.INVALID);
    refuseUnless(flag === OVERWRITE || flag === MERGE, STATUS.INVALID);
    refuseUnless(bytes >= 0 && bytes === length - SET_PARAMS - nameLength, STATUS.INVALID);
    checkGroupField(context, first, 17);
    const data = dataName(first.subarray(SET_PARAMS, SET_PARAMS + nameLength));
    checkHeld(context, data);
    refuseUnless(await store.exists(data), STATUS.NOT_FOUND);
    await change(context, data, flag, first.subarray(SET_PARAMS + nameLength));
    count(context, { counter: 'setMeta', change: true });
    return { status: STATUS.OK };
  },
};

async function change(context: StorageContext, data: string, flag: number, metadata: Buffer): Promise<void> {
  const { store } = context.node.group;
  if (metadata.length === 0) {
    if (flag === OVERWRITE) await store.removeMetadata(data);
    return;
  }
  const existing = flag === MERGE ? await store.readMetadata(data).catch(() => undefined) : undefined;
  await store.writeMetadata(
    data,
    existing === undefined ? overwritten(metadata) : merged(existing, metadata),
  );
}

/** group 16, name → the metadata file */
export const getMetadata: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store } = context.node.group;
    refuseUnless(length > GROUP_BYTES, STATUS.INVALID);
    checkGroupField(context, first, 0);
    const data = dataName(first.subarray(GROUP_BYTES));
    checkHeld(context, data);
    refuseUnless(await store.exists(data), STATUS.NOT_FOUND);
    const body = await store.readMetadata(data);
    count(context, { counter: 'getMeta', change: false });
    return { status: STATUS.OK, body };
  },
};
