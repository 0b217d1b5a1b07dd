/**
 * What multer hands to a storage engine and takes from it, described here so that this package needs neither multer
 * nor its types. With `@types/multer` the engine is a `multer.StorageEngine`, and `req.file` has the fields below.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Metadata } from '../../core/model/metadata.js';
import type { UploadOptions } from '../../index.js';

declare global {
  namespace Express {
    interface Request {}
    namespace Multer {
      interface File extends Partial<StoredFields> {}
    }
  }
}

/** What `req.file` gains once the file is stored. */
export interface StoredFields {
  /** Id of the file, e.g. `group1/M00/00/00/….png`. */
  fileId: string;
  /** The same as `fileId`. */
  key: string;
  /** Group that took the file. */
  group: string;
  /** The same as `group`. */
  bucket: string;
  /** Where the file can be fetched: by the option `url`, else below the client's `baseUrl`; undefined without both. */
  url: string | undefined;
  /** The same as `url`. */
  location: string | undefined;
  /** The option `contentType`, else what the sender said of the part. */
  contentType: string;
  /** What was stored as metadata, if anything. */
  metadata: Metadata | undefined;
  /** Unsigned CRC-32 of the stored bytes; undefined only for an appender file with `verify: false`. */
  crc32: number | undefined;
  /** Strong, quoted: size and CRC-32 of the stored bytes in hexadecimal, `"<size>-<crc32>"`. */
  etag: string | undefined;
  /** The slaves of the file by their prefixes; undefined without the option `slaves`. */
  slaves?: Record<string, StoredSlave> | undefined;
}

/** What the engine returns to multer about a stored file. */
export interface StoredInfo extends StoredFields {
  /** Bytes stored, exactly. */
  size: number;
}

/** A slave in `req.file.slaves`. */
export type StoredSlave = Omit<StoredInfo, 'slaves'>;

/** A part of the form, before it is stored. */
export interface IncomingFile {
  /** Name of the form's field. */
  fieldname: string;
  /** Name of the file on the sender's side. */
  originalname: string;
  /** Transfer encoding of the part, e.g. `7bit`. */
  encoding: string;
  /** Content type, as the sender says. */
  mimetype: string;
}

/** A file as request handlers find it in `req.file`. */
export interface StoredFile extends IncomingFile, StoredInfo {}

/**
 * The request as options see it. Functions with their parameter annotated otherwise (`req: Request` of Express)
 * get that type.
 */
export type MulterRequest = IncomingMessage &
  Express.Request &
  RoutedRequest & {
    /** Text fields that came before the file. */
    body?: Record<string, unknown>;
  };

/** What Express adds to a request, where its types are installed, as they are with those of multer. */
export type RoutedRequest = [keyof Express.Request] extends [never] ? unknown : ExpressFields;

/** The part of an Express request that options are made of. */
export interface ExpressFields {
  /** Named parts of the route's path. */
  params: Record<string, string>;
  /** The parsed query string. */
  query: Record<string, unknown>;
  /** Path of the request, without the query string. */
  path: string;
  /** Where the router is mounted. */
  baseUrl: string;
  /** The url as it arrived. */
  originalUrl: string;
  /** Name of the host that was asked. */
  hostname: string;
  /** Address of the client. */
  ip?: string | undefined;
  /** Returns a header. */
  get(name: string): string | undefined;
}

/** How an option answers by callback: with an error, or with null and the value. */
export type PerFileCallback<T> = (error: Error | null | undefined, value?: T) => void;
/** What an option returns: the value, or nothing where it answers by callback or has none. */
// biome-ignore lint/suspicious/noConfusingVoidType: who answers by callback returns nothing
export type PerFileResult<T> = T | undefined | void;

/** A function of request and file; one that declares the third parameter answers by callback. */
export type PerFileFunction<T, Req = MulterRequest, File = IncomingFile> = (
  req: Req,
  file: File,
  callback: PerFileCallback<T>,
) => PerFileResult<T> | Promise<PerFileResult<T>>;

/** The same value for every file, or a function that finds it for each. */
export type PerFile<T, Req = MulterRequest> = T | PerFileFunction<T, Req>;

/** Every option is a value, `(req, file) => value | Promise`, or `(req, file, callback)`. */
export interface FdfsStorageOptions<Req = MulterRequest> {
  /** Group to upload to. Default: the client's `group`, else the trackers decide. */
  group?: PerFile<string, Req>;
  /** Extension of the stored file, at most 6 characters. Default: the one of `filename`. */
  ext?: PerFile<string, Req>;
  /** Name of the file on the sender's side. Default: `file.originalname`. */
  filename?: PerFile<string, Req>;
  /** Keep `filename` as metadata `filename`. Default false. */
  keepFilename?: PerFile<boolean, Req>;
  /** Stored with the file; keys of at most 64, values of at most 256 bytes; undefined ones are left out. Default: none. */
  metadata?: PerFile<Record<string, string | undefined>, Req>;
  /** Exact number of bytes to store, where it is known by other means than the form. Default: unknown. */
  size?: PerFile<number, Req>;
  /**
   * Content type in `req.file.contentType`; `'detect'` finds it from the first bytes of what is stored, by the package
   * `file-type`. Default, and where nothing is detected: `file.mimetype`.
   */
  contentType?: PerFile<string, Req>;
  /** Keep the content type as metadata `contentType`. Default false. */
  keepContentType?: PerFile<boolean, Req>;
  /**
   * What the content runs through on its way, e.g. `[() => sharp().resize(800)]`. As a stream serves one file, each
   * entry is a function that makes one; a function for the whole list may return streams as well.
   */
  transforms?: PerFileFunction<Duplex, Req>[] | PerFileFunction<TransformList<Req>, Req>;
  /**
   * Further outputs of the same content, each stored as a slave of the file under its prefix: `{ _200x200: () =>
   * sharp().resize(200, 200) }`. All are made in one pass, and stored all or none; `req.file.slaves` has them. A function that
   * returns nothing makes no slave of this file. Default: none.
   */
  slaves?: SlaveList<Req>;
  /**
   * How `req.file.url` is made: a prefix for file ids (`/files` → `/files/group1/M00/…`), a function that gets the
   * stored file, or false for none. Default: `client.url()` if the client has a `baseUrl`.
   */
  url?: string | false | PerFileFunction<string, Req, StoredFile>;
  /** Make appender files. Default false. */
  appender?: PerFile<boolean, Req>;
  /**
   * What to do without `size`, which is the usual case. Default `spool`: beyond the first block the content waits in a
   * temporary file, then goes as one upload.
   */
  whenSizeUnknown?: PerFile<NonNullable<UploadOptions['whenSizeUnknown']>, Req>;
  /** What becomes of the appender file of `whenSizeUnknown: 'stream'`. Default false: it stays one. */
  finalize?: PerFile<NonNullable<UploadOptions['finalize']>, Req>;
  /** Bytes of a block. Default 1 MiB; content up to it goes in one request. */
  blockBytes?: PerFile<number, Req>;
  /** Compare CRC-32 and size with what the storage computed. Default true. */
  verify?: PerFile<boolean, Req>;
}

/** Prefixes (1 to 16 characters of A–Z a–z 0–9 . _ -) and what the content of each slave runs through. */
export type SlaveList<Req = MulterRequest> = Readonly<
  Record<string, PerFileFunction<TransformList<Req>, Req> | SlaveOptions<Req>>
>;

/** A slave with options of its own. */
export interface SlaveOptions<Req = MulterRequest> {
  /** What the content runs through, as for the file itself. */
  transforms: PerFileFunction<Duplex, Req>[] | PerFileFunction<TransformList<Req>, Req>;
  /** Extension of the slave, at most 6 characters. Default: its master's. */
  ext?: string;
  /** Content type of the slave, or `'detect'`. Default: as for the file itself. */
  contentType?: string;
  /** Stored with the slave. Default: none. */
  metadata?: Metadata;
}

/** Streams that the content of one file runs through, in this order. */
export type TransformList<Req = MulterRequest> = Duplex | (Duplex | PerFileFunction<Duplex, Req>)[];

/** The file as multer gives it to a storage engine. `truncated` is busboy's word for "over the limit". */
export interface EngineFile extends IncomingFile {
  /** Its content. */
  stream: Readable & {
    /** The content was cut at the limit of the form. */
    truncated?: boolean;
  };
}

/** What the engine needs to remove a stored file. */
export interface StoredIds {
  /** Undefined for a file that was never stored. */
  fileId?: string | undefined;
  /** Removed with their master. */
  slaves?: Record<string, { fileId: string }> | undefined;
}

/** How the engine answers multer: with an error, or with null and what `req.file` gains. */
export type HandleCallback = (error?: unknown, info?: StoredInfo) => void;
/** How the engine answers multer when a file is removed: with null, or with why it is not. */
export type RemoveCallback = (error: Error | null) => void;
