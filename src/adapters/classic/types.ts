/** What the classic verbs take and resolve to. Field names and shapes are those that ported code knows. */
import type { GroupWithStorages } from '../../index.js';

/** 0, or an errno value (Linux's); `message` then describes the error. */
export interface Result {
  /** 0, or the errno value. */
  result: number;
  /** Describes the error; only with a `result` other than 0. */
  message?: string;
}

/** A verb's result: its fields are there when `result` is 0. */
export type Answer<Fields extends object = object> = Result & Partial<Fields>;

/** What `fdfs_upload` resolves to. */
export interface Uploaded {
  /** The group that took the file. */
  group_name: string;
  /** The file's name within its group. */
  remote_filename: string;
  /** Below `baseUrl`; without one as the C tools print it, at the storage that took the file. With a secret it has a token. */
  file_url: string;
}

/** What `fdfs_download` resolves to. */
export interface Downloaded {
  /** Where it was written. */
  local_filename: string;
  /** Bytes. */
  file_size: number;
}

/** What `fdfs_getmeta` resolves to. */
export interface MetadataTable {
  /** Number of entries. */
  meta_count: number;
  /** `name=value` strings. */
  metatable: string[];
}

/** What `fdfs_query_servers` resolves to. */
export interface ServerTable {
  /** Number of entries. */
  server_count: number;
  /** `ip:port` strings, as the C tools print them. */
  storageServertable: string[];
}

/** What `fdfs_file_info` prints, by the names of the C structure. */
export interface FileInfoTable {
  /** A storage was asked; otherwise everything was read from the id. */
  get_from_server: boolean;
  /** What kind of file it is. */
  file_type: 'normal' | 'appender' | 'slave';
  /** 0 in clusters without storage ids. */
  source_id: number;
  /** '' where it is not known. */
  source_ip_addr: string;
  /** Unix seconds; of the last change where the server was asked. */
  create_timestamp: number;
  /** Bytes. */
  file_size: number;
  /** Unsigned. */
  crc32: number;
}

/** What `fdfs_file_info` resolves to. */
export interface FileInfo {
  /** The fields of the file. */
  fileinfotable: FileInfoTable;
}

/** What `fdfs_upload_append` resolves to. */
export interface UploadedAppender {
  /** Id of the new file. */
  file_id: string;
}

/** What `fdfs_set_trunk_server` resolves to. */
export interface NewTrunkServer {
  /** Id of the storage that is the trunk server now. */
  new_trunk_server_id: string;
}

/** What `fdfs_list_all_groups` resolves to. */
export interface GroupTable {
  /** The records of `FastDFSAdmin`, each group with its storages. */
  groups: GroupWithStorages[];
}

/** Writes content to the connection; resolves when there is room for more. */
export type Write = (chunk: Uint8Array | string) => Promise<void>;

/** What `fdfs_upload` sends: a path, content from memory (BUFF), or a function that writes it (CALLBACK). */
export type UploadSource = string | Uint8Array | ((write: Write) => Promise<void> | void);

/**
 * Where the content of `fdfs_upload` comes from: a file that is streamed, memory, or a function that writes it.
 */
export type UploadMode = 'FILE' | 'BUFF' | 'CALLBACK';

/** An argument that may be left out, or be null where ported code has `None`. */
export type Optional<T> = T | null | undefined;
