/** `fastdfs-streams/embedded`: FastDFS servers inside this process, for tests and local development only. */
export {
  type EmbeddedClientOptions,
  EmbeddedFastDFS,
} from './embedded-fastdfs.js';
export type { StorageState } from './model.js';
export type { EmbeddedOptions, RwModeName } from './options.js';
export type { EmbeddedFile } from './stored-files.js';
export type { FaultAction, FaultOptions, FaultPhase } from './wire/faults.js';
