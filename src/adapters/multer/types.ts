/**
 * What multer hands to a storage engine and takes from it, described here so that this package needs neither multer
 * nor its types. With `@types/multer` the engine is a `multer.StorageEngine`, and `req.file` has the fields below.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { Metadata } from '../../core/model/metadata.js';

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
}

/** What the engine tells multer about a stored file. */
export interface StoredInfo extends StoredFields {
  /** Bytes stored, exactly. */
  size: number;
}

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
  Express.Request & {
    /** Text fields that came before the file. */
    body?: Record<string, unknown>;
  };

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
  /** Stored with the file; keys of at most 64, values of at most 256 bytes. Default: none. */
  metadata?: PerFile<Metadata, Req>;
  /** Exact number of bytes to store, where something else than the form tells it. Default: unknown. */
  size?: PerFile<number, Req>;
  /** Only told in `req.file.contentType`. Default: `file.mimetype`. */
  contentType?: PerFile<string, Req>;
  /**
   * What the content runs through on its way, e.g. `[() => sharp().resize(800)]`. As a stream serves one file, each
   * entry is a function that makes one; a function for the whole list may return streams as well.
   */
  transforms?: PerFileFunction<Duplex, Req>[] | PerFileFunction<TransformList<Req>, Req>;
  /**
   * How `req.file.url` is made: a prefix for file ids (`/files` → `/files/group1/M00/…`), a function that gets the
   * stored file, or false for none. Default: `client.url()` if the client has a `baseUrl`.
   */
  url?: string | false | PerFileFunction<string, Req, StoredFile>;
  /** Make appender files. Default false. */
  appender?: PerFile<boolean, Req>;
  /** What to do without `size`, which is the usual case. Default `stream`: block by block, in bounded memory. */
  whenSizeUnknown?: PerFile<'stream' | 'memory' | 'reject', Req>;
  /** Turn the appender file of content longer than a block into an ordinary one. Default true. */
  finalize?: PerFile<boolean, Req>;
  /** Bytes of a block. Default 1 MiB; content up to it goes in one request. */
  blockBytes?: PerFile<number, Req>;
  /** Compare CRC-32 and size with what the storage computed. Default true. */
  verify?: PerFile<boolean, Req>;
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

/** How the engine answers multer: with an error, or with null and what `req.file` gains. */
export type HandleCallback = (error?: unknown, info?: StoredInfo) => void;
/** How the engine answers multer when a file is gone: with null, or with why it is not. */
export type RemoveCallback = (error: Error | null) => void;
