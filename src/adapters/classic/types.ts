/** What the classic verbs give. Field names and shapes are those that ported code knows. */
import type { GroupState } from '../../index.js';

/** 0, or an errno value (Linux's); `message` then says what went wrong. */
export interface Result {
  result: number;
  message?: string;
}

/** A verb's result: its fields are there when `result` is 0. */
export type Answer<Fields extends object = object> = Result & Partial<Fields>;

export interface Uploaded {
  group_name: string;
  remote_filename: string;
  /** Below `baseUrl`; without one as the C tools print it, at the storage that took the file. With a secret it has a token. */
  file_url: string;
}

export interface Downloaded {
  /** Where it was written. */
  local_filename: string;
  /** Bytes. */
  file_size: number;
}

export interface MetadataTable {
  meta_count: number;
  /** `name=value` strings. */
  metatable: string[];
}

export interface ServerTable {
  server_count: number;
  /** `ip:port` strings, as the C tools print them. */
  storageServertable: string[];
}

/** What `fdfs_file_info` prints, by the names of the C structure. */
export interface FileInfoTable {
  get_from_server: boolean;
  file_type: 'normal' | 'appender' | 'slave';
  /** 0 in clusters without storage ids. */
  source_id: number;
  /** '' where it is not known. */
  source_ip_addr: string;
  /** Unix seconds; of the last change where the server was asked. */
  create_timestamp: number;
  file_size: number;
  /** Unsigned. */
  crc32: number;
}

export interface GroupTable {
  /** All that is known of each group, its storages included: the records of `FastDFSAdmin`. */
  groups: GroupState[];
}

/** Writes content to the connection; resolves when there is room for more. */
export type Write = (chunk: Uint8Array | string) => Promise<void>;

/** What `fdfs_upload` sends: a path, content from memory (BUFF), or a function that writes it (CALLBACK). */
export type UploadSource = string | Uint8Array | ((write: Write) => Promise<void> | void);

export type UploadMode = 'FILE' | 'BUFF' | 'CALLBACK';
