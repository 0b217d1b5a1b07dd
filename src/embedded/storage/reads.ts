/** DOWNLOAD_FILE, QUERY_FILE_INFO and DELETE_FILE: commands that name an existing file. */
import { GROUP_BYTES } from '../../core/model/limits.js';
import { HEADER_BYTES } from '../../core/protocol/constants.js';
import { Writer } from '../../core/protocol/fields.js';
import type { ClusterModel } from '../model.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import { decodeRemoteName, MIN_DECODABLE, readCString } from './file-names.js';
import {
  checkGroupField,
  count,
  readInt64,
  readName,
  refuseDirectory,
  type StorageCommand,
} from './request.js';

/** offset 8, bytes 8, group 16, name */
const DOWNLOAD_PARAMS = 16 + GROUP_BYTES;
/** Flag of QUERY_FILE_INFO: do not compute the checksum. */
const FLAG_NO_CRC = 1;
/** The only length check of QUERY_FILE_INFO. */
const INFO_NAME_LIMIT = 132;

export const downloadFile: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store } = context.node;
    refuseUnless(length > DOWNLOAD_PARAMS, STATUS.INVALID);
    const offset = readInt64(first, 0);
    const asked = readInt64(first, 8);
    refuseUnless(offset >= 0 && asked >= 0, STATUS.INVALID);
    checkGroupField(context, first, 16);
    const name = readName(context, first.subarray(DOWNLOAD_PARAMS));
    const { size } = await store.stat(name);
    const bytes = countBytes(context.model, size, offset, asked);
    if (bytes < 0) return replyBehindEnd(bytes);
    return {
      status: STATUS.OK,
      length: bytes,
      async pump(send) {
        await store.send(name, offset, bytes, send);
        count(context, {
          counter: 'download',
          bytes: ['downloadBytes', bytes],
          access: 'fileRead',
          change: false,
        });
      },
    } satisfies Reply;
  },
};

/** As storages before 6.15.4 do: the negative length over a failed read, which leaves one byte of the header out at −1. */
function replyBehindEnd(declaredLength: number): Reply {
  const headerBytes = declaredLength === -1 ? HEADER_BYTES - 1 : HEADER_BYTES;
  return { status: STATUS.BAD_ADDRESS, declaredLength, headerBytes };
}

/**
 * Returns how many bytes a download gets; less than 0 for a start behind the end, which old versions do not check.
 * @throws Refused (22) for a range that the version at hand refuses
 */
function countBytes(model: ClusterModel, size: number, offset: number, asked: number): number {
  if (!model.traits.shortensDownloads) {
    if (asked === 0) return size - offset;
    refuseUnless(asked <= size - offset, STATUS.INVALID);
    return asked;
  }
  refuseUnless(offset < size, STATUS.INVALID); // so an empty file cannot be downloaded at all
  return asked === 0 ? size - offset : Math.min(asked, size - offset);
}

/** group 16, name → size 8, modification time 8, CRC-32 8 (sign-extended), source address A */
export const queryFileInfo: StorageCommand = {
  async run(context, request) {
    const { first, length, flags, connection } = request;
    const { model } = context;
    const { addressBytes, hasInfoFlags } = model.traits;
    refuseUnless(length > GROUP_BYTES && length < GROUP_BYTES + INFO_NAME_LIMIT, STATUS.INVALID);
    checkGroupField(context, first, 0);
    const name = readName(context, first.subarray(GROUP_BYTES));
    const { store } = context.node;
    const { size, mtimeMs } = await store.stat(name).catch(refuseDirectory);
    const remote = readCString(first.subarray(GROUP_BYTES));
    refuseUnless(remote.length >= MIN_DECODABLE, STATUS.INVALID);
    const decoded = decodeRemoteName(remote)!;
    let crc = decoded.crc32;
    if (decoded.kind !== 'normal' && model.traits.computesCrc[decoded.kind]) {
      const spared = hasInfoFlags && (flags & FLAG_NO_CRC) !== 0;
      crc = spared ? 0 : await store.checksum(name, () => refuseUnless(!connection.closed, STATUS.IO));
    }
    const body = new Writer()
      .int64(size)
      .int64(Math.floor(mtimeMs / 1000))
      .int64(crc | 0)
      .fixed(findSourceAddress(model, decoded.source), addressBytes, 'Address')
      .finish();
    return { status: STATUS.OK, body };
  },
};

/** Returns '' for an unknown storage id. */
function findSourceAddress(model: ClusterModel, source: string): string {
  if (source.includes('.')) return source;
  for (const group of model.groups) {
    const node = group.storages.find(({ id }) => id === source);
    if (node) return node.host;
  }
  return '';
}

/** group 16, name */
export const deleteFile: StorageCommand = {
  async run(context, request) {
    const { first, length } = request;
    const { store, space, slots, replicator } = context.node;
    refuseUnless(length > GROUP_BYTES, STATUS.INVALID);
    checkGroupField(context, first, 0);
    const name = readName(context, first.subarray(GROUP_BYTES));
    const { size } = await store.stat(name).catch(refuseDirectory);
    store.remove(name, (removed) => replicator.write('D', removed));
    slots?.release(name);
    space.grow(name, -size);
    count(context, { counter: 'delete', change: true });
    await replicator.send();
    return { status: STATUS.OK };
  },
};
