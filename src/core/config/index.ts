/** Reads FastDFS's own configuration files, as every FastDFS program has them, into options of this package. */
import { dirname } from 'node:path';
import { toFilePath } from '../base/validate.js';
import { type ClientConf, readClientConf } from './client-conf.js';
import { locateFile } from './files.js';
import { readIni } from './ini.js';
import { configError } from './place.js';

export type { StorageIdRecord } from './storage-ids.js';

/** A configuration as it was read. */
export interface LoadedConfig extends ClientConf {
  /** Settings that are not used, or are read otherwise than they look; each with file and line. */
  readonly warnings: string[];
  /** Absolute path of the file. */
  readonly path: string;
}

/**
 * Reads a `client.conf` with all that it includes. Synchronous; nothing is resolved, connected to or run.
 * @param path of the file, absolute or relative to the working directory, or its `file:` URL
 * @returns options and what else the file says; trackers in the order of the file
 * @throws ArgumentError (`FASTDFS_CONFIG`) naming file and line, with `cause` where a file could not be read
 */
export function loadConfig(path: string | URL): LoadedConfig {
  const name = toFilePath(path);
  if (name === undefined || name === '') {
    throw configError('The path of a configuration file must be a non-empty string or a file: URL');
  }
  const file = locateFile(process.cwd(), name);
  const ini = readIni(file);
  const conf = readClientConf(file, dirname(file), ini);
  return { ...conf, warnings: ini.warnings, path: file };
}
