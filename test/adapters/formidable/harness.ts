/** A server around formidable, and what it came to. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import formidable, { type File, type Options } from 'formidable';
import { afterEach, expect, vi } from 'vitest';
import {
  type FdfsFileWriter,
  type FdfsFileWriterOptions,
  fdfsFileWriter,
  type StoredFormFile,
} from '../../../src/adapters/formidable/index.js';
import type { FastDFSClient, FastDFSOptions } from '../../../src/index.js';
import type { EmbeddedTestServer, TestServer } from '../../helpers/servers.js';
import { listen, stop } from '../shared/form-harness.js';

export interface Setup {
  options?: FdfsFileWriterOptions;
  client?: Partial<FastDFSOptions>;
  form?: Options;
  /** Follow each form. */
  watch?: boolean;
}

export interface Rig {
  port: number;
  client: FastDFSClient;
  writer: FdfsFileWriter;
  /** What `form.parse` came to. */
  outcomes: (Record<string, (File & StoredFormFile)[]> | Error)[];
  /** Writers that formidable was given. */
  writers: ReturnType<FdfsFileWriter>[];
}

export function rigs(server: TestServer): (setup?: Setup) => Promise<Rig> {
  const open: Server[] = [];
  afterEach(async () => {
    for (const http of open.splice(0)) await stop(http);
  });
  return async ({ options = {}, client: clientOptions = {}, form = {}, watch = false } = {}) => {
    const client = server.client({ retry: { retries: 0 }, ...clientOptions });
    const writer = fdfsFileWriter(client, options);
    const outcomes: Rig['outcomes'] = [];
    const writers: Rig['writers'] = [];
    const fileWriteStreamHandler: Options['fileWriteStreamHandler'] = (file) => {
      const made = writer(file);
      writers.push(made);
      return made;
    };
    const http = createServer((req: IncomingMessage, res) => {
      const incoming = formidable({ fileWriteStreamHandler, ...form });
      if (watch) writer.watch(incoming);
      incoming
        .parse(req)
        .then(
          ([, files]) => {
            outcomes.push(files as never);
            res.end(JSON.stringify(files));
          },
          (error) => {
            outcomes.push(error);
            res.statusCode = error.httpCode ?? 500;
            res.end(error.message);
          },
        )
        .catch((error) => {
          res.statusCode = 599;
          res.end(error.message);
        });
    });
    open.push(http);
    return { port: await listen(http), client, writer, outcomes, writers };
  };
}

export async function expectNothingLeft(server: TestServer, { writers, client }: Rig): Promise<void> {
  await vi.waitFor(async () => {
    for (const writer of writers) expect(writer.destroyed || writer.writableFinished).toBe(true);
    for (const { leased } of Object.values(client.stats())) expect(leased).toBe(0);
    if ('fdfs' in server) expect((server as EmbeddedTestServer).fdfs.files()).toEqual([]);
    for (const writer of writers as (Rig['writers'][0] & { fileId?: string })[]) {
      if (writer.fileId !== undefined) expect(await client.exists(writer.fileId)).toBe(false);
    }
  }, 5000);
}
