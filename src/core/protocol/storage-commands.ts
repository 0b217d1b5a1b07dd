/** Commands that a client sends to storages. Layouts in wire order, widths in bytes. */
import { ProtocolError } from '../base/errors.js';
import { checkFileIdReply, type SplitFileId } from '../model/file-id.js';
import {
  EXT_BYTES,
  GROUP_BYTES,
  IPV4_ADDRESS_BYTES,
  IPV6_ADDRESS_BYTES,
  MAX_METADATA_REQUEST,
  MAX_REMOTE_FILENAME,
  PREFIX_BYTES,
} from '../model/limits.js';
import { decodeMetadata, encodeMetadata, type Metadata } from '../model/metadata.js';
import type { Command } from './command.js';
import { encodeFileName, Reader } from './fields.js';

/** Upload replies: group 16 and a filename; changes: empty, or the echo of the request (see {@link change}). */
const MAX_NAME_REPLY = GROUP_BYTES + MAX_REMOTE_FILENAME + 1;

export interface UploadArgs {
  storePathIndex: number;
  /** Content bytes that follow. */
  size: number;
  /** Without the dot, at most 6 characters. */
  ext: string;
}

const upload = {
  to: 'storage',
  shape: 'send',
  repeatable: false,
  readOnly: false,
  maxReply: MAX_NAME_REPLY,
} as const;

/** group 16, remote filename to the end. The group that the server names is the one that counts. */
function decodeFileId(body: Buffer): string {
  const reader = new Reader(body);
  const group = reader.fixed(GROUP_BYTES);
  return checkFileIdReply(`${group}/${reader.fixed(reader.remaining)}`);
}

const plainUpload: Pick<Command<UploadArgs, string>, 'encode' | 'contentLength' | 'decode' | 'hints'> = {
  hints: {
    2: 'the storage was changing from one of its folders to the next; nothing was stored, upload again',
  },
  encode(writer, { storePathIndex, size, ext }) {
    writer.byte(storePathIndex).int64(size).fixed(ext, EXT_BYTES, 'Extension');
  },
  contentLength: ({ size }) => size,
  decode: decodeFileId,
};

/** request: store path index 1, size 8, ext 6, content · reply: group 16, filename */
export const uploadFile: Command<UploadArgs, string> = {
  ...upload,
  ...plainUpload,
  name: 'UPLOAD_FILE',
  code: 11,
};

/** As UPLOAD_FILE; the file can be appended to, modified and truncated. */
export const uploadAppenderFile: Command<UploadArgs, string> = {
  ...upload,
  ...plainUpload,
  name: 'UPLOAD_APPENDER_FILE',
  code: 23,
};

export interface UploadSlaveArgs {
  masterRemoteFilename: string;
  prefix: string;
  ext: string;
  size: number;
}

/** request: master name length 8, size 8, prefix 16, ext 6, master name, content · reply: group 16, filename */
export const uploadSlaveFile: Command<UploadSlaveArgs, string> = {
  ...upload,
  name: 'UPLOAD_SLAVE_FILE',
  code: 21,
  encode(writer, { masterRemoteFilename, prefix, ext, size }) {
    writer.int64(Buffer.byteLength(masterRemoteFilename)).int64(size);
    writer
      .fixed(prefix, PREFIX_BYTES, 'Slave prefix')
      .fixed(ext, EXT_BYTES, 'Extension')
      .text(masterRemoteFilename);
  },
  contentLength: ({ size }) => size,
  decode: decodeFileId,
};

/**
 * Replies of changes are empty, except that 6.x servers send the request's parameters back when there was
 * nothing to do (0 bytes, or truncate to the present size). Such a body is read and ignored.
 */
const change = {
  to: 'storage',
  readOnly: false,
  maxReply: 1024,
  decode: () => undefined,
} as const;

/** request: name length 8, bytes 8, name, content · reply: empty */
export const appendFile: Command<{ remoteFilename: string; size: number }, void> = {
  ...change,
  shape: 'send',
  repeatable: false,
  partial: true,
  name: 'APPEND_FILE',
  code: 24,
  encode(writer, { remoteFilename, size }) {
    writer.int64(Buffer.byteLength(remoteFilename)).int64(size).text(remoteFilename);
  },
  contentLength: ({ size }) => size,
};

/** request: name length 8, offset 8, bytes 8, name, content · reply: empty. Offset = size extends the file. */
export const modifyFile: Command<{ remoteFilename: string; offset: number; size: number }, void> = {
  ...change,
  shape: 'send',
  repeatable: true,
  partial: true,
  name: 'MODIFY_FILE',
  code: 34,
  encode(writer, { remoteFilename, offset, size }) {
    writer.int64(Buffer.byteLength(remoteFilename)).int64(offset).int64(size).text(remoteFilename);
  },
  contentLength: ({ size }) => size,
};

/** request: name length 8, new size 8, name · reply: empty. A larger size extends with zeros. */
export const truncateFile: Command<{ remoteFilename: string; size: number }, void> = {
  ...change,
  shape: 'small',
  repeatable: true,
  name: 'TRUNCATE_FILE',
  code: 36,
  encode(writer, { remoteFilename, size }) {
    writer.int64(Buffer.byteLength(remoteFilename)).int64(size).text(remoteFilename);
  },
};

/** request: name · reply: group 16, new name. The storage reads the whole file first; servers ≥ 6.02. */
export const regenerateAppenderFilename: Command<{ remoteFilename: string }, string> = {
  to: 'storage',
  readOnly: false,
  shape: 'small',
  repeatable: false,
  maxReply: MAX_NAME_REPLY,
  name: 'REGENERATE_APPENDER_FILENAME',
  code: 38,
  encode(writer, { remoteFilename }) {
    writer.text(remoteFilename);
  },
  decode: decodeFileId,
};

/** request: group 16, name · reply: empty. Not repeatable: the second time the answer is 2. */
export const deleteFile: Command<SplitFileId, void> = {
  to: 'storage',
  readOnly: false,
  shape: 'small',
  repeatable: false,
  maxReply: 0,
  name: 'DELETE_FILE',
  code: 12,
  encode: encodeFileName,
  decode: () => undefined,
};

export interface DownloadArgs extends SplitFileId {
  offset: number;
  /** 0: to the end. */
  bytes: number;
}

/** request: offset 8, bytes 8, group 16, name · reply: the content; its length is the body's */
export const downloadFile: Command<DownloadArgs, void> = {
  to: 'storage',
  readOnly: true,
  shape: 'receive',
  repeatable: true,
  maxReply: Number.MAX_SAFE_INTEGER,
  name: 'DOWNLOAD_FILE',
  code: 14,
  encode(writer, { offset, bytes, group, remoteFilename }) {
    writer.int64(offset).int64(bytes).fixed(group, GROUP_BYTES, 'Group name').text(remoteFilename);
  },
  decode: () => undefined,
};

/** `overwrite` replaces all metadata of a file, `merge` adds to it and replaces what has the same name. */
export type MetadataMode = 'overwrite' | 'merge';

export interface SetMetadataArgs extends SplitFileId {
  metadata: Metadata;
  mode: MetadataMode;
}

/** request: name length 8, metadata length 8, flag 1 (O or M), group 16, name, metadata · reply: empty */
export const setMetadata: Command<SetMetadataArgs, void> = {
  to: 'storage',
  readOnly: false,
  shape: 'small',
  repeatable: true,
  maxReply: 0,
  name: 'SET_METADATA',
  code: 13,
  encode(writer, { group, remoteFilename, metadata, mode }) {
    const encoded = encodeMetadata(metadata);
    writer.int64(Buffer.byteLength(remoteFilename)).int64(encoded.length);
    writer.byte((mode === 'merge' ? 'M' : 'O').charCodeAt(0));
    writer.fixed(group, GROUP_BYTES, 'Group name').text(remoteFilename).bytes(encoded);
  },
  decode: () => undefined,
};

/** request: group 16, name · reply: metadata; status 2 also for a file that never had any */
export const getMetadata: Command<SplitFileId, Metadata> = {
  to: 'storage',
  readOnly: true,
  shape: 'small',
  repeatable: true,
  maxReply: MAX_METADATA_REQUEST,
  name: 'GET_METADATA',
  code: 15,
  encode: encodeFileName,
  decode: decodeMetadata,
};

export interface FileInfo {
  size: number;
  /** Last modification (of plain files: their creation). */
  modifiedAt: Date;
  /** Unsigned; 0 when it was not computed (appender and slave files, flag `withoutCrc`). */
  crc32: number;
  /** '' when the server does not know the address of the source's storage id. */
  sourceAddress: string;
}

export interface QueryFileInfoArgs extends SplitFileId {
  /** Spares the storage a read of the whole file for appender and slave files. */
  withoutCrc: boolean;
  /** The storage does not log that the file is missing. */
  silent: boolean;
}

/** request (status byte: 1 without crc, 2 silent): group 16, name · reply: size 8, time 8, crc32 8, address A */
export const queryFileInfo: Command<QueryFileInfoArgs, FileInfo> = {
  to: 'storage',
  readOnly: true,
  shape: 'small',
  repeatable: true,
  maxReply: 24 + IPV6_ADDRESS_BYTES,
  name: 'QUERY_FILE_INFO',
  code: 22,
  encode: encodeFileName,
  flags: ({ withoutCrc, silent }) => (withoutCrc ? 1 : 0) | (silent ? 2 : 0),
  decode(body) {
    const addressBytes = body.length - 24;
    if (addressBytes !== IPV4_ADDRESS_BYTES && addressBytes !== IPV6_ADDRESS_BYTES) {
      throw new ProtocolError(`File info of ${body.length} bytes; known layouts have 40 and 70`);
    }
    const reader = new Reader(body);
    const size = reader.int64();
    const modifiedAt = new Date(reader.int64() * 1000);
    return { size, modifiedAt, crc32: reader.low32(), sourceAddress: reader.fixed(addressBytes) };
  },
};
