/** What `import … from 'fastdfs-streams'` gives. Adapters have entry points of their own. */
export { FastDFSAdmin } from './admin/admin.js';
export type {
  AdminOptions,
  ClusterHealth,
  GroupState,
  HealthOptions,
  ListStoragesOptions,
  TrackerStatus,
  Verdict,
  WatchOptions,
} from './admin/types.js';
export {
  type CallOptions,
  type Conf,
  createClient,
  FastDFSClient,
  type SlaveUploadOptions,
} from './client.js';
export type { Address } from './core/address.js';
export type { PoolStats } from './core/cluster/pools.js';
export type { ClientConf } from './core/config/client-conf.js';
export {
  type LoadedConfig,
  loadConfig,
  type StorageAccess,
  type StorageIdRecord,
} from './core/config/index.js';
export type { CommandEvent, ConnectEvent } from './core/diagnostics.js';
export type { DownloadRange, DownloadSettings } from './core/download.js';
export {
  ArgumentError,
  ClosedError,
  type ErrorDetails,
  FastDFSError,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
  type TimeoutPhase,
} from './core/errors.js';
export { type FileKind, type ParsedFileId, parseFileId } from './core/file-id.js';
export type { Metadata } from './core/metadata.js';
export type { ServerPoolStats } from './core/net/pool.js';
export type { FastDFSOptions, LogLevel } from './core/options.js';
export type {
  StorageClusterStat,
  StorageStat,
  TrackerStat,
  VolumeClusterStat,
  VolumeStat,
} from './core/protocol/admin-commands.js';
export type {
  ByteName,
  ConnectionCounts,
  Counter,
  DiskName,
  GroupInfo,
  OperationName,
  RwMode,
  StorageInfo,
  StorageStatus,
} from './core/protocol/records.js';
export type { MetadataMode } from './core/protocol/storage-commands.js';
export { createToken, type TokenVerdict, type VerifyTokenInput, verifyToken } from './core/token.js';
export type { UploadResult } from './core/uploaded.js';
export type { UrlOptions } from './core/url.js';
export type { FileStat, StatOptions, StorageAddress } from './files.js';
export type {
  AppendOptions,
  AppendStream,
  BlockStream,
  ModifyOptions,
  ModifyStream,
} from './streams/block-streams.js';
export type { DownloadOptions, DownloadStream } from './streams/download-stream.js';
export type { DownloadedFile } from './streams/download-to.js';
export type { Source, WriteContent } from './streams/source.js';
export type { TeeStream } from './streams/tee-stream.js';
export type { Progress, UploadOptions } from './streams/upload-options.js';
export type { UploadStream } from './streams/upload-stream.js';
