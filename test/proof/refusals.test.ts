/** A refusal is an answer, also when the storage gives it before it has read a large body, and closes. */
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { engineOf } from '../../src/client.js';
import { splitFileId } from '../../src/core/model/file-id.js';
import { appendFile } from '../../src/core/protocol/storage-commands.js';
import type { FastDFSClient } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { onEachServer } from '../helpers/servers.js';

const MIB = 1024 * 1024;
/** More than any disk here has. */
const TOO_LARGE = 400 * 1024 * MIB;
const ROUNDS = Number(process.env.REFUSAL_ROUNDS ?? 10);

function endless(): Readable {
  const chunk = bytes(64 * 1024);
  return new Readable({
    read() {
      this.push(chunk);
    },
  });
}

const outcomeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'no error',
    ({ code, maybeApplied, address, command }) => ({
      code,
      maybeApplied,
      hasAddress: address !== undefined,
      command,
    }),
  );

interface Case {
  title: string;
  code: string;
  command: string;
  /** Returns the call to make again and again. */
  prepare(client: FastDFSClient, made: string[]): Promise<() => Promise<unknown>>;
}

const CASES: Case[] = [
  {
    title: 'append of 16 MiB to an ordinary file',
    code: 'FASTDFS_INVALID',
    command: 'APPEND_FILE',
    async prepare(client, made) {
      const { fileId } = await client.upload('ordinary');
      made.push(fileId);
      const name = splitFileId(fileId);
      const content = bytes(16 * MIB);
      const args = { remoteFilename: name.remoteFilename, size: content.length };
      // The client itself refuses this by the id.
      return () => engineOf(client).callAtSource(name, appendFile, args, { fileId }, [content]);
    },
  },
  {
    title: 'a slave of 20 MiB that exists',
    code: 'FASTDFS_EXISTS',
    command: 'UPLOAD_SLAVE_FILE',
    async prepare(client, made) {
      const { fileId } = await client.upload('master');
      const slave = await client.uploadSlave(fileId, '_big', 'slave');
      made.push(slave.fileId, fileId);
      const content = bytes(20 * MIB);
      return () => client.uploadSlave(fileId, '_big', content);
    },
  },
  {
    title: 'an upload of 400 GiB',
    code: 'FASTDFS_NO_SPACE',
    command: 'UPLOAD_FILE',
    prepare: async (client) => () => client.upload(endless(), { size: TOO_LARGE }),
  },
  {
    title: 'a modification that starts 5 MiB past the end',
    code: 'FASTDFS_INVALID',
    command: 'MODIFY_FILE',
    async prepare(client, made) {
      const { fileId } = await client.upload('appender', { appender: true });
      made.push(fileId);
      const content = bytes(16 * MIB);
      return () => client.modify(fileId, 5 * MIB, content);
    },
  },
];

onEachServer('a refusal of a large body', (server) => {
  it.each(CASES)(
    'reaches the caller: $title',
    async ({ code, command, prepare }) => {
      if (server.name === 'embedded' && code === 'FASTDFS_NO_SPACE') return;
      const client = server.client({ group: 'group1', retry: { retries: 0 } });
      const made: string[] = [];
      const run = await prepare(client, made);
      const outcomes: unknown[] = [];
      for (let round = 0; round < ROUNDS; round++) outcomes.push(await outcomeOf(run()));
      for (const fileId of made) await client.delete(fileId);
      const expected = { code, maybeApplied: false, hasAddress: true, command };
      const others = outcomes.filter((each) => JSON.stringify(each) !== JSON.stringify(expected));
      expect(others).toEqual([]);
    },
    120_000,
  );
});
