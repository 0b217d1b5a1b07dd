import type multer from 'multer';
import { afterEach, beforeAll, expect } from 'vitest';
import { type FdfsStorageOptions, fdfsStorage } from '../../../src/adapters/multer/index.js';
import type { FastDFSClient, FastDFSOptions } from '../../../src/index.js';
import type { EmbeddedTestServer, TestServer } from '../../helpers/servers.js';
import { loadMulter, UploadServer } from './harness.js';

export const BLOCK = 64 * 1024;
export const LENGTH = 64 * 1024 * 1024;

export interface Setup {
  options?: FdfsStorageOptions;
  client?: Partial<FastDFSOptions>;
  limits?: multer.Options['limits'];
  fileFilter?: multer.Options['fileFilter'];
  field?: string;
}

export interface Rig {
  http: UploadServer;
  client: FastDFSClient;
  /** Every upload that was started: files that end early are uploaded from memory, others as streams. */
  uploads: Upload[];
}

export interface Upload {
  readonly fileId: string | undefined;
  readonly bytesWritten: number;
}

/** Upload servers of a test on one version; afterwards they are stopped, and the rules are checked. */
export function rigs(version: string, server: TestServer): (setup?: Setup) => Promise<Rig> {
  let multerVersion: typeof multer;
  const open: UploadServer[] = [];
  beforeAll(async () => {
    multerVersion = await loadMulter(version);
  });
  afterEach(async () => {
    for (const http of open.splice(0)) {
      await http.stop();
      expect(http.outcomes.length, 'next was called twice').toBeLessThanOrEqual(1);
      expect(http.callbacks, 'each file calls back once').toEqual(http.callbacks.map(() => 1));
    }
  });
  return async ({ options = {}, client: clientOptions = {}, limits, fileFilter, field = 'file' } = {}) => {
    const client = server.client(clientOptions);
    const uploads: Upload[] = [];
    const create = client.createUploadStream.bind(client);
    client.createUploadStream = (uploadOptions) => {
      const upload = create(uploadOptions);
      uploads.push(upload);
      return upload;
    };
    const fromMemory = client.upload.bind(client);
    client.upload = async (content, uploadOptions) => {
      const upload = { fileId: undefined as string | undefined, bytesWritten: (content as Buffer).length };
      uploads.push(upload);
      const result = await fromMemory(content, uploadOptions);
      upload.fileId = result.fileId;
      return result;
    };
    const storage = fdfsStorage(client, { blockBytes: BLOCK, ...options });
    const http = await UploadServer.start(multerVersion, storage, (make, recorded) =>
      make({ storage: recorded, ...(limits ? { limits } : {}), ...(fileFilter ? { fileFilter } : {}) }).array(
        field,
      ),
    );
    open.push(http);
    return { http, client, uploads };
  };
}

export async function expectNothingLeft(server: TestServer, { client, uploads }: Rig): Promise<void> {
  if ('fdfs' in server) expect((server as EmbeddedTestServer).fdfs.files()).toEqual([]);
  for (const { fileId } of uploads) {
    if (fileId !== undefined) expect(await client.exists(fileId)).toBe(false);
  }
}

export function leased(client: FastDFSClient): number {
  return Object.values(client.stats()).reduce((sum, server) => sum + server.leased, 0);
}

/** A place where code waits until the test lets it go on, and the test may wait for the code. */
export class Gate {
  open = () => {};
  #arrive = () => {};
  readonly reached = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });
  readonly #opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  async pass(): Promise<void> {
    this.#arrive();
    await this.#opened;
  }
}
