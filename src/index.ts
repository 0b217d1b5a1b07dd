/** What `import … from 'fastdfs-streams'` gives. Adapters have entry points of their own. */
export { FastDFSAdmin } from './admin/admin.js';
export type { DiagnosedStorage, DiagnosedTracker, Diagnosis } from './admin/diagnosis.js';
export type { PruneOptions, PruneReport } from './admin/listing/prune.js';
export type {
  FileFilter,
  FileListing,
  FindOrphansOptions,
  ListedFile,
  ListFilesOptions,
  ListingSource,
  OrphanItem,
} from './admin/listing/types.js';
export type { MappedFile, MirrorOptions, MirrorReport, MirrorTarget } from './admin/mirroring/types.js';
export type {
  AdminOptions,
  ClusterHealth,
  GroupWithStorages,
  HealthOptions,
  ListStoragesOptions,
  TrackerStatus,
  Verdict,
  WatchOptions,
} from './admin/types.js';
export type {
  CopyDigest,
  Verification,
  VerifyFault,
  VerifyOptions,
  VerifyProblem,
  VerifySummary,
} from './admin/verifying/types.js';
export {
  type Conf,
  createClient,
  FastDFSClient,
  type SlaveUploadOptions,
} from './client.js';
export type { CommandEvent, ConnectEvent } from './core/base/diagnostics.js';
export {
  ArgumentError,
  ClosedError,
  type ErrorCode,
  type ErrorDetails,
  FastDFSError,
  isNotFound,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
  type TimeoutPhase,
} from './core/base/errors.js';
export type { OnProgress, Progress } from './core/base/progress.js';
export type { WebStream, WithBody } from './core/base/unread-source.js';
export type { CallOptions } from './core/base/validate.js';
export type { PoolStats } from './core/cluster/pools.js';
export type { ClientConf } from './core/config/client-conf.js';
export type { FastDFSOptions, LogLevel } from './core/config/client-options.js';
export {
  type LoadedConfig,
  loadConfig,
  type StorageIdRecord,
} from './core/config/index.js';
export type { AddressTable } from './core/config/map-address.js';
export type { DeleteManyOptions, DeleteOptions, DeleteOutcome } from './core/files/delete.js';
export type { LocateOptions } from './core/files/locate.js';
export type { SetMetadataOptions } from './core/files/metadata.js';
export type { FileStat, StatOptions } from './core/files/stat.js';
export { type Address as StorageAddress, formatAddress } from './core/model/address.js';
export { type FileKind, type ParsedFileId, parseFileId } from './core/model/file-id.js';
export type { Metadata } from './core/model/metadata.js';
export { createToken, type TokenVerdict, type VerifyTokenInput, verifyToken } from './core/model/token.js';
export type { UrlOptions } from './core/model/url.js';
export type { ServerPoolStats } from './core/net/pool.js';
export type {
  GroupSpace,
  SpaceOverview,
  StorageOverview,
  StorageSummary,
  TrackerSummary,
} from './core/protocol/admin-commands.js';
export type {
  ByteName,
  ConnectionCounts,
  Counter,
  DiskName,
  GroupRecord,
  OperationName,
  RwMode,
  StorageRecord,
  StorageState,
} from './core/protocol/records.js';
export type { MetadataMode } from './core/protocol/storage-commands.js';
export type {
  AppendOptions,
  AppendStream,
  BlockStream,
  ModifyOptions,
  ModifyStream,
} from './streams/append/append-stream.js';
export type { DownloadStream } from './streams/download/download-stream.js';
export type {
  DownloadFileSettings,
  DownloadOptions,
  DownloadRange,
  DownloadSettings,
} from './streams/download/options.js';
export type { DownloadedFile } from './streams/download/to-file.js';
export type { CopyOptions, FinalizeBy, FinalizeOptions } from './streams/upload/copy.js';
export type { UploadOptions } from './streams/upload/plan.js';
export type { Source, WriteContent } from './streams/upload/source.js';
export type { TeeStream } from './streams/upload/tee-stream.js';
export type { UploadStream } from './streams/upload/upload-stream.js';
export type { UploadResult } from './streams/upload/verify.js';
