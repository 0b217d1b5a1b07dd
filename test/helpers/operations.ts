/** Every operation that sends a command to a server, ready to be run while that command is disturbed. */
import type { FastDFSClient } from '../../src/index.js';
import { bytes, pieces } from './bytes.js';

export interface Operation {
  readonly title: string;
  /** Command that the fault is injected into. */
  readonly command: string;
  readonly to: 'tracker' | 'storage';
  /** Nothing on the server changes, whatever becomes of the call. */
  readonly readOnly: boolean;
  /** Content bytes that the request carries. */
  readonly content: number;
  /** Its content is handed over bit by bit, as it comes; otherwise the whole request is, at once. */
  readonly gradual?: boolean;
  /** Repeating it does no harm, so its errors are retryable. */
  readonly repeatable: boolean;
  /** File that has to be there first. */
  readonly needs?: 'ordinary' | 'appender';
  run(client: FastDFSClient, fileId: string): Promise<unknown>;
}

/** A group with one storage: no other replica hides a fault. */
export const GROUP = 'group2';
const SMALL = 4096;
const LARGE = 700_000;

const read = { readOnly: true, repeatable: true, content: 0 };
const change = { readOnly: false, repeatable: false, content: 0 };

export const OPERATIONS: readonly Operation[] = [
  {
    title: 'asking where to upload',
    command: 'QUERY_STORE_WITH_GROUP_ONE',
    to: 'tracker',
    ...read,
    run: (client) => client.upload('x', { group: GROUP }),
  },
  {
    title: 'asking where to read',
    command: 'QUERY_FETCH_ONE',
    to: 'tracker',
    ...read,
    needs: 'ordinary',
    run: (client, id) => client.download(id),
  },
  {
    title: 'asking where to read an appender file',
    command: 'QUERY_FETCH_ONE',
    to: 'tracker',
    ...read,
    needs: 'appender',
    run: (client, id) => client.download(id),
  },
  {
    title: 'asking where to change',
    command: 'QUERY_UPDATE',
    to: 'tracker',
    ...read,
    needs: 'ordinary',
    run: (client, id) => client.getMetadata(id),
  },
  {
    title: 'upload from memory',
    command: 'UPLOAD_FILE',
    to: 'storage',
    ...change,
    content: SMALL,
    run: (client) => client.upload(bytes(SMALL), { group: GROUP }),
  },
  {
    title: 'upload of a stream',
    command: 'UPLOAD_FILE',
    to: 'storage',
    ...change,
    content: LARGE,
    gradual: true,
    run: (client) => client.upload(pieces(bytes(LARGE)), { group: GROUP, size: LARGE }),
  },
  {
    title: 'first block of unknown length',
    command: 'UPLOAD_APPENDER_FILE',
    to: 'storage',
    ...change,
    content: 100_000,
    run: (client) =>
      client.upload(pieces(bytes(LARGE)), {
        group: GROUP,
        blockBytes: 100_000,
        whenSizeUnknown: 'stream',
        finalize: 'rename',
      }),
  },
  {
    title: 'upload of a slave',
    command: 'UPLOAD_SLAVE_FILE',
    to: 'storage',
    ...change,
    content: SMALL,
    needs: 'ordinary',
    run: (client, id) => client.uploadSlave(id, '_slave', bytes(SMALL)),
  },
  {
    title: 'append',
    command: 'APPEND_FILE',
    to: 'storage',
    ...change,
    content: SMALL,
    needs: 'appender',
    run: (client, id) => client.append(id, bytes(SMALL)),
  },
  {
    title: 'append stream',
    command: 'APPEND_FILE',
    to: 'storage',
    ...change,
    content: 100_000,
    needs: 'appender',
    run: (client, id) => client.append(id, pieces(bytes(LARGE)), { blockBytes: 100_000 }),
  },
  {
    title: 'modify',
    command: 'MODIFY_FILE',
    to: 'storage',
    ...change,
    repeatable: true,
    content: SMALL,
    needs: 'appender',
    run: (client, id) => client.modify(id, 0, bytes(SMALL)),
  },
  {
    title: 'truncate',
    command: 'TRUNCATE_FILE',
    to: 'storage',
    ...change,
    repeatable: true,
    needs: 'appender',
    run: (client, id) => client.truncate(id, 3),
  },
  {
    title: 'finalize',
    command: 'REGENERATE_APPENDER_FILENAME',
    to: 'storage',
    ...change,
    needs: 'appender',
    run: (client, id) => client.finalize(id, { by: 'rename' }),
  },
  {
    title: 'delete',
    command: 'DELETE_FILE',
    to: 'storage',
    ...change,
    needs: 'ordinary',
    run: (client, id) => client.delete(id),
  },
  {
    title: 'set metadata',
    command: 'SET_METADATA',
    to: 'storage',
    ...change,
    repeatable: true,
    needs: 'ordinary',
    run: (client, id) => client.setMetadata(id, { a: 'b' }),
  },
  {
    title: 'download',
    command: 'DOWNLOAD_FILE',
    to: 'storage',
    ...read,
    needs: 'ordinary',
    run: (client, id) => client.download(id),
  },
  {
    title: 'get metadata',
    command: 'GET_METADATA',
    to: 'storage',
    ...read,
    needs: 'ordinary',
    run: (client, id) => client.getMetadata(id),
  },
  {
    title: 'file info',
    command: 'QUERY_FILE_INFO',
    to: 'storage',
    ...read,
    needs: 'ordinary',
    run: (client, id) => client.stat(id, { source: 'server' }),
  },
];

/** Long enough for every offset that tests cut a reply at to lie inside it. */
const METADATA = { was: 'there', and: 'has a second value' };

/** Uploads the file that the operation needs; returns its id, or '' where it needs none. */
export async function prepare(client: FastDFSClient, { needs }: Operation): Promise<string> {
  if (!needs) return '';
  const appender = needs === 'appender';
  const { fileId } = await client.upload(bytes(5000), { appender, group: GROUP, metadata: METADATA });
  return fileId;
}

/** A storage that fails in the middle of it keeps what it has written: even a refusal leaves the outcome open. */
export function keepsParts({ command }: Operation): boolean {
  return command === 'APPEND_FILE' || command === 'MODIFY_FILE';
}

export function hasReplyBody(command: string): boolean {
  return /^QUERY|^UPLOAD|^DOWNLOAD|^GET|^REGENERATE/.test(command);
}
