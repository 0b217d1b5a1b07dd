/** Uploads that can be paused and survive a broken connection: the tus protocol. */
import { Server } from '@tus/server';
import type { RequestHandler } from 'express';
import type { FastDFSClient } from 'fastdfs-streams';
import { fdfsTusStore } from 'fastdfs-streams/tus';
import type { FileList } from './file-list.js';

export interface ResumableOptions {
  /** Signs the ids of uploads, so that they cannot be forged. */
  secret: string;
  /** Bytes of a file at most. */
  maxSize: number;
  list: FileList;
}

export function resumableUploads(
  client: FastDFSClient,
  { secret, maxSize, list }: ResumableOptions,
): RequestHandler {
  const tus = new Server({
    path: '/tus',
    datastore: fdfsTusStore(client, { secret, finalize: true }),
    relativeLocation: true,
    maxSize,
    // The answer to the last byte may get lost. Who then comes again for the same file need not send it all once more.
    onUploadCreate: async (_req, { metadata }) => {
      if (list.has(metadata?.key)) throw { status_code: 409, body: 'The file is stored already\n' };
      return {};
    },
    // Here the file is complete, and an ordinary one.
    onUploadFinish: async (_req, { storage, metadata, size }) => {
      const { key, filename, filetype } = metadata ?? {};
      list.add({ key, fileId: storage!.path, name: filename, type: filetype, size });
      return {};
    },
  });
  return (req, res, next) => {
    // Content is served by `/f` alone.
    if (req.method === 'GET') next();
    else void tus.handle(req, res);
  };
}
