/**
 * `fastdfs-streams/classic`: the verbs of the classic script binding, for code that is ported. As there, `fdfs_init`
 * sets up one client for the whole process, which the other verbs use, and `fdfs_destroy` closes it. No verb rejects for
 * an error of a server, of the network or of an argument: `result` is 0 or an errno value. A thin layer: new code should
 * use `createClient` and `FastDFSAdmin`.
 */
export {
  fdfs_delete_group,
  fdfs_delete_server,
  fdfs_list_all_groups,
  fdfs_set_trunk_server,
} from './cluster.js';
export {
  fdfs_append_file,
  fdfs_delete,
  fdfs_download,
  fdfs_file_info,
  fdfs_getmeta,
  fdfs_query_servers,
  fdfs_setmeta,
  fdfs_upload,
  fdfs_upload_append,
} from './files.js';
export { fdfs_destroy, fdfs_init } from './session.js';
export type {
  Answer,
  Downloaded,
  FileInfo,
  FileInfoTable,
  GroupTable,
  MetadataTable,
  NewTrunkServer,
  Optional,
  Result,
  ServerTable,
  Uploaded,
  UploadedAppender,
  UploadMode,
  UploadSource,
  Write,
} from './types.js';
