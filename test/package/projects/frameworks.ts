import type { MultipartFile } from '@fastify/multipart';
import { type DataStore, Server } from '@tus/server';
import { createClient } from 'fastdfs-streams';
import { fdfsFileWriter } from 'fastdfs-streams/formidable';
import { fdfsStorage } from 'fastdfs-streams/multer';
import { uploadPart } from 'fastdfs-streams/parts';
import { allowAnyFileName, fdfsTusStore } from 'fastdfs-streams/tus';
import formidable from 'formidable';
import multer, { type StorageEngine } from 'multer';

const client = createClient({ trackers: 'tracker.example.com' });
const engine: StorageEngine = fdfsStorage(client);
const datastore: DataStore = fdfsTusStore(client, { secret: 'secret' });

export const upload = multer({ storage: engine });
export const form = formidable({ fileWriteStreamHandler: fdfsFileWriter(client) });
export const tus = allowAnyFileName(new Server({ path: '/tus', datastore }));
export const part = (file: MultipartFile) => uploadPart(client, file);
export const fileId = (file: Express.Multer.File): string | undefined => file.fileId;
