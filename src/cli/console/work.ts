/** The work of jobs: verifying copies and pruning old files, with what they find. */
import type { FastDFSAdmin } from '../../index.js';
import type { Work } from './jobs.js';

export interface VerifySettings {
  readonly group?: string;
  /** Only this file. */
  readonly fileId?: string;
}

export function verify(admin: FastDFSAdmin, { group, fileId }: VerifySettings): Work {
  return async (report, signal) => {
    const verification = admin.verify({
      group,
      files: fileId === undefined ? undefined : [fileId],
      signal,
      onProgress: ({ files, copies, bytes }) => report.progress({ files, copies, bytes }),
    });
    for await (const { fileId: id, storage, message } of verification) {
      report.find({ fileId: id, problem: message, storage });
    }
    const { files, copies, bytes } = verification.summary;
    report.progress({ files, copies, bytes });
  };
}

export interface PruneSettings {
  readonly group?: string;
  readonly olderThan: string;
  readonly ext?: string;
  readonly dryRun: boolean;
}

export function prune(admin: FastDFSAdmin, settings: PruneSettings): Work {
  return async (report, signal) => {
    const { fileIds, failures } = await admin.prune({ ...settings, signal });
    for (const fileId of fileIds) report.find({ fileId });
    for (const { fileId, error } of failures) report.find({ fileId, problem: error.message });
    report.progress({ files: fileIds.length });
  };
}
