import { describe, expect, it } from 'vitest';
import { ArgumentError, ProtocolError } from '../../../src/core/base/errors.js';
import {
  checkFileIdReply,
  encodeName,
  type FileKind,
  parseFileId,
  readSourceKey,
  splitFileId,
} from '../../../src/core/model/file-id.js';
import { readVectors } from '../protocol/vectors.js';

interface FileIdVectors {
  fileIds: {
    label: string;
    fileId: string;
    remoteFilename: string;
    decoded: {
      rawHex: string;
      source: { ip?: string; storageId?: number };
      createTimestamp: number;
      sizeFieldHex: string;
      crc32: number;
      bit58_appender: boolean;
      bit59_trunk: boolean;
    };
    tool: Record<string, string | number>;
    content?: { length: number; crc32: number };
  }[];
  invalid: { fileId: string }[];
}
const { fileIds, invalid } = readVectors<FileIdVectors>('file-ids');
const longEnough = fileIds.filter(({ remoteFilename }) => remoteFilename.length >= 44);
const BAD_ID = expect.objectContaining({ code: 'FASTDFS_BAD_FILE_ID' });

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('ids of other clients and older servers', () => {
  const fields = {
    source: '192.168.1.2',
    createdAt: 1_700_000_000,
    size: 5,
    crc32: 7,
    appender: false,
    salt: 9,
  };
  const STEM = `group1/M00/00/00/${encodeName(fields)}12345`;
  it.each([
    ['.$', '$', 'normal'],
    ['67_大图.jpg', 'jpg', 'slave'],
    ['67.文件', '文件', 'slave'],
  ])('%s are read, with lengths in bytes', (tail, extension, kind) => {
    const id = STEM + tail;
    expect(parseFileId(id)).toMatchObject({ fileId: id, extension, kind });
    expect(splitFileId(id).remoteFilename).toBe(id.slice(7));
    expect(checkFileIdReply(id)).toBe(id);
  });

  it.each(['文', '$x 1%', '文件'])('extension %s counts by its bytes', (extension) => {
    const padding = '1234567'.slice(0, 7 - 1 - Buffer.byteLength(extension));
    const id = `group1/M00/00/00/${encodeName(fields)}${padding}.${extension}`;
    expect(parseFileId(id)).toMatchObject({ extension, kind: 'normal', size: 5 });
  });

  it.each(['79.txt ', '79.a/b', '79.a\0', '79.a\n', '79.\x7f', '79.\ud83d', `79.${'文'.repeat(30)}`])(
    '%j is refused',
    (tail) => {
      expect(caught(() => splitFileId(STEM + tail))).toEqual(BAD_ID);
    },
  );

  it('may have 127 bytes, whatever the characters', () => {
    const rest = 127 + 7 - Buffer.byteLength(`${STEM}79_.jpg`);
    const name = '文'.repeat(Math.floor(rest / 3)) + 'a'.repeat(rest % 3);
    expect(splitFileId(`${STEM}79_${name}.jpg`).group).toBe('group1');
    expect(caught(() => splitFileId(`${STEM}79_${name}a.jpg`))).toEqual(BAD_ID);
  });
});

describe('parseFileId', () => {
  it.each(longEnough)('reads $label: $fileId', ({ fileId, remoteFilename, decoded, tool, content }) => {
    const parsed = parseFileId(fileId);
    const kind = (tool['file type'] ?? (decoded.bit58_appender ? 'appender' : undefined)) as FileKind;
    expect(parsed).toMatchObject({
      fileId,
      group: fileId.slice(0, fileId.indexOf('/')),
      remoteFilename,
      storePathIndex: Number.parseInt(remoteFilename.slice(1, 3), 16),
      kind,
      trunk: decoded.bit59_trunk,
      createdAt: new Date(decoded.createTimestamp * 1000),
      nameCrc32: decoded.crc32,
      extension: extensionByLength(remoteFilename, decoded.bit59_trunk),
    });
    expect(parsed.sourceAddress).toBe(decoded.source.ip);
    expect(parsed.sourceId).toBe(decoded.source.storageId);
    if (tool['file create timestamp'] !== undefined) {
      expect(parsed.createdAt.toISOString()).toBe(
        `${String(tool['file create timestamp']).replace(' ', 'T')}.000Z`,
      );
    }
    if (kind === 'normal') {
      expect(String(parsed.size)).toBe(tool['file size']);
      expect(parsed.crc32).toBe(decoded.crc32);
      if (content) expect(parsed).toMatchObject({ size: content.length, crc32: content.crc32 });
    } else {
      expect(parsed).not.toHaveProperty('size');
      expect(parsed).not.toHaveProperty('crc32');
    }
  });

  it.each(fileIds.filter((each) => !longEnough.includes(each)))(
    'refuses $fileId, which the C tool refuses, too',
    ({ fileId }) => {
      expect(caught(() => parseFileId(fileId))).toEqual(BAD_ID);
    },
  );

  it.each(invalid)('refuses $fileId', ({ fileId }) => {
    const error = caught(() => parseFileId(fileId));
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toEqual(BAD_ID);
  });

  it.each([undefined, null, 7, {}, '', 'group1/M00/00/00/../../etc/passwd0000000000000000000000000'])(
    'refuses %j',
    (fileId) => {
      expect(caught(() => parseFileId(fileId as string))).toEqual(BAD_ID);
    },
  );
});

/** The extension, found by counting from the other end than the code under test does. */
function extensionByLength(remoteFilename: string, trunk: boolean): string {
  const tail = remoteFilename.slice(trunk ? 53 : 37);
  return tail.includes('.') ? tail.replace(/^[^.]*\./, '') : '';
}

describe('splitFileId', () => {
  const name = 'M00/00/00/fwAAFWsCeceAdfZdAAAACw1KEYU733';

  it('takes names of up to 127 characters, as longer ones overrun a buffer in servers', () => {
    const longest = name + 'x'.repeat(127 - name.length);
    expect(splitFileId(`group1/${longest}`)).toEqual({ group: 'group1', remoteFilename: longest });
    expect(caught(() => splitFileId(`group1/${longest}x`))).toEqual(BAD_ID);
  });

  it.each([
    `group1/${name}.txt\n`,
    `group1/${name}.t\0t`,
    `../${name}.txt`,
    `group1//${name}.txt`,
    `g/1/${name}.txt`,
  ])('refuses %j', (fileId) => {
    expect(caught(() => splitFileId(fileId))).toEqual(BAD_ID);
  });
});

describe('encodeName', () => {
  // Trunk names are made by storages that keep files inside others; nothing here makes them.
  const encodable = longEnough.filter(({ decoded }) => !decoded.bit59_trunk);

  it.each(encodable)('gives back the 20 bytes of $fileId', ({ remoteFilename, decoded }) => {
    const high = Number.parseInt(decoded.sizeFieldHex.slice(0, 8), 16);
    const low = Number.parseInt(decoded.sizeFieldHex.slice(8), 16);
    const encoded = encodeName({
      source: decoded.source.ip ?? String(decoded.source.storageId),
      createdAt: decoded.createTimestamp,
      size: high >= 0x8000_0000 ? low : high * 2 ** 32 + low,
      crc32: decoded.crc32,
      appender: decoded.bit58_appender,
      salt: high & 0x7f_ffff,
    });
    expect(Buffer.from(encoded, 'base64url').toString('hex')).toBe(decoded.rawHex);
    expect(encoded).toBe(remoteFilename.slice(10, 37));
  });
});

describe('readSourceKey', () => {
  it('agrees with the full parse', () => {
    for (const { fileId, remoteFilename, decoded } of longEnough) {
      expect(readSourceKey(remoteFilename)).toEqual({
        source: Number.parseInt(decoded.rawHex.slice(0, 8), 16),
        time: decoded.createTimestamp,
        mutable: parseFileId(fileId).kind !== 'normal',
      });
    }
  });
});

describe('checkFileIdReply', () => {
  it('passes what servers send and blames the server for anything else', () => {
    expect(checkFileIdReply(fileIds[0]!.fileId)).toBe(fileIds[0]!.fileId);
    expect(() => checkFileIdReply('group1/')).toThrow(ProtocolError);
  });
});
