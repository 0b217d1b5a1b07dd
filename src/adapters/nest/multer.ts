/** Connects Nest's MulterModule to a client of FastDFSModule. */
import type { FastDFSClient } from '../../client.js';
import { type FdfsStorage, type FdfsStorageOptions, fdfsStorage } from '../multer/index.js';
import { getFastDFSToken } from './tokens.js';

/** Options of `fdfsMulter()`: those of multer, and how files are stored. */
export interface FdfsMulterOptions<Limits = object, Filter = unknown> {
  /** Name of the client. Default: the one without a name. */
  name?: string | undefined;
  /** Options of `fdfsStorage()`. Default: none. */
  storage?: FdfsStorageOptions | undefined;
  /** Limits of multer, such as `{ fileSize: 10 * 1024 ** 2, files: 1 }`. Default: multer's. */
  limits?: Limits | undefined;
  /** The filter of multer. Default: every file is stored. */
  fileFilter?: Filter | undefined;
}

/** What `MulterModule.registerAsync()` takes. */
export interface FdfsMulterModule<Limits, Filter> {
  /** The client. */
  inject: [ReturnType<typeof getFastDFSToken>];
  /** Makes the options of multer. */
  useFactory: (client: FastDFSClient) => {
    storage: FdfsStorage;
    limits?: Limits;
    fileFilter?: Filter;
  };
}

/**
 * Makes the options of `MulterModule.registerAsync()`, after which `FileInterceptor('file')` stores files in FastDFS:
 * `imports: [MulterModule.registerAsync(fdfsMulter({ limits: { fileSize: 1024 ** 2 } }))]`.
 */
export function fdfsMulter<Limits = object, Filter = unknown>({
  name,
  storage,
  limits,
  fileFilter,
}: FdfsMulterOptions<Limits, Filter> = {}): FdfsMulterModule<Limits, Filter> {
  return {
    inject: [getFastDFSToken(name)],
    useFactory: (client) => ({
      storage: fdfsStorage(client, storage),
      ...(limits && { limits }),
      ...(fileFilter && { fileFilter }),
    }),
  };
}
