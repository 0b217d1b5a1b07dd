/** Recorded requests and replies, and how this client's commands say and understand the same. */
import type { Metadata } from '../../../src/core/model/metadata.js';
import { type Command, encodeRequest } from '../../../src/core/protocol/command.js';
import * as storage from '../../../src/core/protocol/storage-commands.js';
import * as tracker from '../../../src/core/protocol/tracker-commands.js';
import { readVectors } from './vectors.js';

/** What the bytes mean, by the names of the protocol document; a command has some of these. */
interface Fields {
  group: string;
  filename: string;
  ip: string;
  port: number;
  servers?: { ip: string; port: number }[];
  storePathIndex: number;
  fileSize: number;
  size: number;
  ext: string;
  prefix: string;
  master: string;
  offset: number;
  bytes: number;
  content?: string;
  flag: 'O' | 'M';
  flags: number;
  meta: { name: string; value: string }[];
  createTimestamp: number;
  crc32: number;
  sourceIp: string;
  startIndex: number;
  totalCount: number;
  currentCount: number;
  text: string;
}

interface Vector {
  name: string;
  command: { code: number };
  request: { header: string; body: string; decoded: Fields };
  response: { header: string; body: string; decoded: Fields } | null;
  status: number;
}

export interface Transcript {
  /** `file: name` */
  id: string;
  file: string;
  known: KnownCommand;
  request: Vector['request'];
  response: NonNullable<Vector['response']>;
  status: number;
}

export interface KnownCommand {
  readonly code: number;
  readonly maxReply: number;
  encode(fields: Fields): Buffer;
  decode(body: Buffer): unknown;
  /** What `decode` should give. */
  reply(fields: Fields): unknown;
}

function known<Args, Reply>(
  command: Command<Args, Reply>,
  args: (fields: Fields) => Args,
  reply: (fields: Fields) => Reply,
): KnownCommand {
  return {
    code: command.code,
    maxReply: command.maxReply,
    encode: (fields) => encodeRequest(command, args(fields)),
    decode: (body) => command.decode(body, {} as Args),
    reply,
  };
}

const nothing = () => undefined;
const group = ({ group }: Fields) => ({ group });
const fileName = ({ group, filename }: Fields) => ({ group, remoteFilename: filename });
const fileId = ({ group, filename }: Fields) => `${group}/${filename}`;
const change = ({ filename, offset, fileSize }: Fields) => ({
  remoteFilename: filename,
  offset,
  size: fileSize,
});
const upload = ({ storePathIndex, fileSize, ext }: Fields) => ({
  storePathIndex: storePathIndex & 0xff,
  size: fileSize,
  ext,
});
const locations = ({ group, servers, ip, port }: Fields) => ({
  group,
  storages: (servers ?? [{ ip, port }]).map((server) => ({ host: server.ip, port: server.port })),
});
const targets = (fields: Fields) => ({ ...locations(fields), storePathIndex: fields.storePathIndex });
const lines = (text: string) => text.split('\n').filter((line) => line !== '');
/** Of equal names the last counts, and what follows a NUL is a leftover. */
const metadata = ({ meta }: { meta: Fields['meta'] }): Metadata =>
  Object.fromEntries(meta.map(({ name, value }) => [name, value.split('\0')[0]!]));

export const COMMANDS: readonly KnownCommand[] = [
  known(tracker.queryStoreWithoutGroupOne, nothing, targets),
  known(tracker.queryStoreWithGroupOne, group, targets),
  known(tracker.queryStoreWithoutGroupAll, nothing, targets),
  known(tracker.queryStoreWithGroupAll, group, targets),
  known(tracker.queryFetchOne, fileName, locations),
  known(tracker.queryUpdate, fileName, locations),
  known(tracker.queryFetchAll, fileName, locations),
  known(tracker.activeTest, nothing, nothing),
  known(tracker.getParameters, nothing, ({ text }) =>
    Object.fromEntries(lines(text).map((line) => line.split('=') as [string, string])),
  ),
  known(
    tracker.fetchStorageIds,
    ({ startIndex }) => ({ start: startIndex, withAllowEmpty: true }),
    ({ totalCount, currentCount, text }) => ({ total: totalCount, count: currentCount, lines: lines(text) }),
  ),
  known(storage.uploadFile, upload, fileId),
  known(storage.uploadAppenderFile, upload, fileId),
  known(
    storage.uploadSlaveFile,
    ({ master, prefix, ext, fileSize }) => ({ masterRemoteFilename: master, prefix, ext, size: fileSize }),
    fileId,
  ),
  known(storage.appendFile, change, nothing),
  known(storage.modifyFile, change, nothing),
  known(storage.truncateFile, ({ filename, size }) => ({ remoteFilename: filename, size }), nothing),
  known(storage.regenerateAppenderFilename, fileName, fileId),
  known(storage.deleteFile, fileName, nothing),
  known(
    storage.downloadFile,
    (fields) => ({ ...fileName(fields), offset: fields.offset, bytes: fields.bytes }),
    nothing,
  ),
  known(
    storage.setMetadata,
    (fields) => ({
      ...fileName(fields),
      metadata: metadata(fields),
      mode: fields.flag === 'M' ? 'merge' : 'overwrite',
    }),
    nothing,
  ),
  known(storage.getMetadata, fileName, metadata),
  known(
    storage.queryFileInfo,
    (fields) => ({
      ...fileName(fields),
      withoutCrc: (fields.flags & 1) !== 0,
      silent: (fields.flags & 2) !== 0,
    }),
    ({ fileSize, createTimestamp, crc32, sourceIp }) => ({
      size: fileSize,
      modifiedAt: new Date(createTimestamp * 1000),
      crc32,
      sourceAddress: sourceIp,
    }),
  ),
];

/** Every transcript of a file whose command this client has. */
export function transcripts(file: string): Transcript[] {
  return readVectors<{ vectors: Vector[] }>(file).vectors.flatMap((vector) => {
    const command = COMMANDS.find(({ code }) => code === vector.command.code);
    if (!command || !vector.response) return [];
    const { name, request, response, status } = vector;
    return [{ id: `${file}: ${name}`, file, known: command, request, response, status }];
  });
}
