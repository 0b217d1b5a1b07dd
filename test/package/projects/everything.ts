import {
  createClient,
  FastDFSAdmin,
  type FastDFSError,
  type FastDFSOptions,
  type UploadResult,
} from 'fastdfs-streams';
import { fdfsBlobStore, type StoredBlob } from 'fastdfs-streams/blob-store';
import { type Answer, fdfs_init, type Uploaded } from 'fastdfs-streams/classic';
import { EmbeddedFastDFS, type EmbeddedFile } from 'fastdfs-streams/embedded';
import { fdfsFetch } from 'fastdfs-streams/fetch';
import { fdfsFileWriter } from 'fastdfs-streams/formidable';
import { fdfsServe } from 'fastdfs-streams/http';
import { fdfsStorage, type StoredFile } from 'fastdfs-streams/multer';
import { uploadPart } from 'fastdfs-streams/parts';
import { fdfsTusStore, type TusUpload } from 'fastdfs-streams/tus';

const options: FastDFSOptions = { trackers: 'tracker.example.com', retry: { retries: 0 } };
const client = createClient(options);
const result: Promise<UploadResult> = client.upload('content', { ext: 'txt' });

// A declaration that came out as `any` would let these pass.
// @ts-expect-error no such option
createClient({ tracker: 'tracker.example.com' });
// @ts-expect-error no such option
fdfsStorage(client, { limits: {} });

export const made = [
  new FastDFSAdmin(client),
  fdfsBlobStore(client),
  fdfsFetch(client),
  fdfsFileWriter(client),
  fdfsServe(client),
  fdfsStorage(client),
  fdfsTusStore(client),
  fdfs_init,
  uploadPart,
  EmbeddedFastDFS.start,
  result,
];
export type Named = [FastDFSError, StoredBlob, Answer<Uploaded>, EmbeddedFile, StoredFile, TusUpload];
