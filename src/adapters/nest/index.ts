/** `fastdfs-streams/nest`: clients as providers of Nest 11 and 12, uploads by MulterModule, and health for Terminus. */
export { FastDFSExceptionFilter } from './filter.js';
export { FastDFSHealthIndicator, type FastDFSHealthOptions, type FastDFSHealthResult } from './health.js';
export {
  type FastDFSConfFactory,
  FastDFSModule,
  type FastDFSModuleAsyncOptions,
  type FastDFSModuleOptions,
  type FastDFSProviderOptions,
} from './module.js';
export { type FdfsMulterModule, type FdfsMulterOptions, fdfsMulter } from './multer.js';
export { getFastDFSToken, InjectFastDFS } from './tokens.js';
