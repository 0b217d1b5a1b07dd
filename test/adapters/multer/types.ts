/** Checked by the compiler only: the engine fits the types of multer and of Express. */

import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import multer from 'multer';
import { type FdfsStorageOptions, fdfsStorage } from '../../../src/adapters/multer/index.js';
import { createClient } from '../../../src/index.js';

export const engine: multer.StorageEngine = fdfsStorage('/etc/fdfs/client.conf');
export const withOptions = multer({ storage: fdfsStorage({ trackers: 'a' }, { group: 'group1' }) });
export const withClient: multer.StorageEngine = fdfsStorage(createClient({ trackers: 'a' }), {
  group: (req) => req.headers.host,
  ext: async (_req, file) => file.mimetype.slice(0, 6),
  metadata: (_req, file, callback) => callback(null, { name: file.originalname }),
  size: (req) => Number(req.body?.size),
  filename: () => {},
  url: (_req, file) => `/${file.fileId}`,
});
export const withRequest: multer.StorageEngine = fdfsStorage('', {
  group: (req: Request) => req.params.group as string,
});

/** Without a generic: what Express adds to a request is there. */
const routed = fdfsStorage(createClient({ trackers: 'a' }), {
  metadata: (req) => ({ user: req.params.id, host: req.get('host'), kind: String(req.query.kind) }),
  filename: (req, file) => req.path + file.originalname,
  group: async (req) => req.hostname,
  slaves: {
    _200x200: () => new PassThrough(),
    _thumb: (_req, file) => (file.mimetype === 'image/png' ? new PassThrough() : undefined),
    _list: { transforms: [() => new PassThrough()], ext: 'webp', contentType: 'detect' },
  },
});
export const routedEngine: multer.StorageEngine = routed;

// @ts-expect-error a group is no number
export const wrong: FdfsStorageOptions = { group: 5 };
// @ts-expect-error unknown to fdfsStorage
export const limits: FdfsStorageOptions = { limits: {} };

export function handler(req: Request): string | undefined {
  const file = req.file!;
  const size: number = file.size;
  const crc32: number | undefined = file.crc32;
  const thumbnail: string | undefined = file.slaves?._200x200?.fileId;
  const metadata: Record<string, string> | undefined = file.metadata;
  return (
    [
      file.fileId,
      file.key,
      file.group,
      file.bucket,
      file.url,
      file.location,
      file.etag,
      file.contentType,
    ].join() +
    size +
    thumbnail +
    crc32 +
    metadata
  );
}
