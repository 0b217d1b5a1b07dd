/** `fastdfs-streams/embedded`: FastDFS servers inside this process, for tests and local development only. */
export {
  type EmbeddedClientOptions,
  EmbeddedFastDFS,
  type EmbeddedFile,
} from './embedded-fastdfs.js';
export type { EmbeddedOptions } from './options.js';
export type { FaultAction, FaultOptions, FaultPhase } from './wire/faults.js';
