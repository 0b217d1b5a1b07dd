/** Options and results of `listFiles()` and `findOrphans()`. */
import type { FileKind } from '../../core/model/file-id.js';
import type { AdminOptions } from '../types.js';

/** Which files an operation on the whole cluster takes. */
export interface FileFilter {
  /** Only files of this kind. Default: all. */
  kind?: FileKind | undefined;
  /** Only files with this extension, without the dot. Default: all. */
  ext?: string | undefined;
  /** Only files created before this moment: a Date, or an age such as `'90d'` (units s, m, h, d, w). Default: all. */
  olderThan?: Date | string | undefined;
  /** Only files created at or after this moment: a Date, or an age such as `'12h'`. Default: all. */
  newerThan?: Date | string | undefined;
}

/** Options of `listFiles()`. */
export interface ListFilesOptions extends AdminOptions, FileFilter {
  /**
   * The storage to list: its id, its IP address, or `host:port`. Default: one ACTIVE storage of each group, and another one
   * when that one fails.
   */
  storage?: string | undefined;
  /** Only this store path (the number in `M00`). Default: all. */
  storePath?: number | undefined;
  /**
   * Ask the storage whether each file is there, which gives the size of appender and slave files, too. Default: ask about
   * files in trunk files only, as storages list those that were deleted, too. `false`: never ask.
   */
  confirm?: boolean | undefined;
  /**
   * Milliseconds without a byte after which a storage is given up. It is silent while it unpacks its logs and skips deleted
   * files. Default 120000.
   */
  silenceTimeoutMs?: number | undefined;
}

/** A file as a storage lists it; decoded from its id, except where `confirm` asked the storage. */
export interface ListedFile {
  /** The id. */
  readonly fileId: string;
  /** Its group. */
  readonly group: string;
  /** Index of its store path (the number in `M00`). */
  readonly storePath: number;
  /** What can be done with it. A slave of an appender file is an `appender` here, as it is for every server. */
  readonly kind: FileKind;
  /** When it was created; of a slave when its master was. */
  readonly createdAt: Date;
  /** Bytes. Of appender and slave files only with `confirm: true`. */
  readonly size?: number;
  /** Unsigned; only of `normal` files. */
  readonly crc32?: number;
  /** IP address of the storage that took the upload; '' when it is no longer on record. */
  readonly sourceAddress: string;
  /** Id of that storage, in clusters that use ids in names. */
  readonly sourceId?: number;
  /** Whether it has metadata. */
  readonly hasMetadata: boolean;
  /** Id of the master of a slave file; absent when the master has been deleted. */
  readonly slaveOf?: string;
  /** Id of the file that this one is a link to; storages make links for duplicates. */
  readonly linkTo?: string;
}

/** One store path of one storage, and how fresh its listing is. */
export interface ListingSource {
  /** The group. */
  readonly group: string;
  /** Id of the storage, or its IP address in clusters without ids. */
  readonly storage: string;
  /** `host:port` of the storage. */
  readonly address: string;
  /** Index of the store path. */
  readonly storePath: number;
  /**
   * When the storage was asked. Changes of its last `sync_binlog_buff_interval` (60 s by default), and changes that
   * had not reached it from another storage, are not in the listing.
   */
  readonly listedAt: Date;
  /** The newest change in the listing; absent when it is empty. */
  readonly newestChangeAt?: Date;
  /** Files and metadata files listed, those that a filter leaves out included. */
  readonly entries: number;
}

/** Files, and where the list comes from. */
export interface FileListing extends AsyncGenerator<ListedFile, void, undefined> {
  /** The store paths listed so far. */
  readonly sources: readonly ListingSource[];
}

/** Options of `findOrphans()`. The filter chooses which unknown files are orphans. */
export interface FindOrphansOptions extends AdminOptions, FileFilter {
  /** Only this group; known ids of other groups are ignored. Default: all. */
  group?: string | undefined;
  /**
   * `with-master`: a slave file is known when its master is. `separate`: the list of known ids has slave files, too.
   * Default `with-master`.
   */
  slaves?: 'with-master' | 'separate' | undefined;
  /** Milliseconds without a byte after which the listing of a storage is given up. Default 120000. */
  silenceTimeoutMs?: number | undefined;
}

/**
 * - `orphan`: the cluster has a file that is not known
 * - `missing`: a known file is not in the cluster
 * - `invalid`: a known id is not a file id
 */
export type OrphanItem =
  | { readonly problem: 'orphan'; readonly fileId: string; readonly file: ListedFile }
  | { readonly problem: 'missing'; readonly fileId: string }
  | { readonly problem: 'invalid'; readonly fileId: string };
