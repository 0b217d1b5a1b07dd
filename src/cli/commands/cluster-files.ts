/** `fdfs verify`, `fdfs orphans`, `fdfs prune` and `fdfs mirror`: work on all files of the cluster. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { MirrorReport, MirrorTarget, VerifyFault } from '../../index.js';
import { takeIdMap } from '../cluster-choice.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../exit.js';
import { readFileId } from '../file-ids.js';
import { formatBytes } from '../format.js';
import { localize, words } from '../language.js';
import { LineWriter } from '../line-writer.js';
import { STDIN, standardInput } from '../local-files.js';
import { estimateFiles, type FilterFlags, readFilter } from './ls.js';

export interface VerifyFlags {
  sample?: number;
  rate?: number;
  concurrency?: number;
  files?: string;
}

/** The cluster, or one stored file against a local one. Exit code 1 when something is wrong. */
export async function verify(
  context: Context,
  group: string | undefined,
  file: string | undefined,
  flags: VerifyFlags,
): Promise<number> {
  if (group !== undefined && file !== undefined) {
    const { verifyFile } = await import('./verify.js');
    return await verifyFile(context, readFileId(group), file);
  }
  const admin = await context.admin();
  const { sample, rate: bytesPerSecond, concurrency, files } = flags;
  const verification = admin.verify({
    group,
    sample,
    bytesPerSecond,
    concurrency,
    signal: context.signal,
    files: files === undefined ? undefined : readLines(context, files),
  });
  const total = files === undefined ? await estimateFiles(context, admin, group) : undefined;
  const { summary } = verification;
  const report = async () => {
    for await (const fault of verification) context.print(describeFault(fault), faultLine(fault));
  };
  await context.progress(
    localize('verify'),
    () => ({ done: summary.files, total: total && Math.round(total * (sample ?? 1)), unit: 'files' }),
    report(),
  );
  const found = Object.entries(summary.faults).filter(([, count]) => count > 0);
  const text = found.map(([problem, count]) => `${count} ${problem}`).join(', ') || localize('nothing wrong');
  context.print(
    { summary },
    localize('{files} files, {copies} copies, {bytes} read: {found}', {
      files: summary.files,
      copies: summary.copies,
      bytes: formatBytes(summary.bytes),
      found: text,
    }),
  );
  return found.length > 0 ? EXIT.failed : EXIT.ok;
}

function describeFault({ error, ...fault }: VerifyFault): object {
  return error ? { ...fault, error } : fault;
}

function faultLine({ problem, fileId, storage, message }: VerifyFault): string {
  return localize('{problem}  {file}  at {storage}: {message}', {
    problem,
    file: fileId ?? localize('(storage)'),
    storage: storage || localize('(no storage)'),
    message: words().translate(message),
  });
}

export interface OrphansFlags extends FilterFlags {
  known: string;
  group?: string;
  slaves?: 'with-master' | 'separate';
}

/** Exit code 1 when the lists differ. */
export async function orphans(context: Context, flags: OrphansFlags): Promise<number> {
  const admin = await context.admin();
  const { known, group, slaves } = flags;
  const options = { ...readFilter(flags), group, slaves, signal: context.signal };
  const output = new LineWriter(context.signal);
  const counts = { orphan: 0, missing: 0, invalid: 0 };
  let read = 0;
  const counted = async function* () {
    for await (const line of readLines(context, known)) {
      read++;
      yield line;
    }
  };
  const work = async () => {
    for await (const item of admin.findOrphans(counted(), options)) {
      counts[item.problem]++;
      const text = context.options.json ? JSON.stringify(item) : `${item.problem}  ${item.fileId}`;
      const full = output.write(text);
      if (full) await full;
    }
    await output.flush();
  };
  await context.progress(localize('known'), () => ({ done: read, unit: 'files' }), work());
  const { orphan, missing, invalid } = counts;
  if (context.options.json) context.print({ summary: { known: read, ...counts } }, []);
  else {
    context.warn(
      localize('{known} known: {orphan} orphans, {missing} missing, {invalid} invalid', {
        known: read,
        ...counts,
      }),
    );
  }
  return orphan + missing + invalid > 0 ? EXIT.failed : EXIT.ok;
}

export interface PruneFlags extends FilterFlags {
  olderThan: string;
  group?: string;
  yes?: boolean;
}

/** Without --yes nothing is removed. Exit code 1 when a file could not be removed. */
export async function prune(context: Context, flags: PruneFlags): Promise<number> {
  const admin = await context.admin();
  const { group, yes = false } = flags;
  let done = 0;
  const work = admin.prune({
    ...readFilter(flags),
    olderThan: readFilter(flags).olderThan!,
    group,
    dryRun: !yes,
    signal: context.signal,
    onFile: (file) => {
      done++;
      context.print({ fileId: file.fileId, size: file.size, removed: yes }, file.fileId);
    },
  });
  const report = await context.progress(localize('prune'), () => ({ done, unit: 'files' }), work);
  for (const { fileId, error } of report.failures) context.fail(error, { fileId });
  const { fileIds, bytes } = report;
  const summary = { files: fileIds.length, bytes, failures: report.failures.length, dryRun: !yes };
  if (context.options.json) context.print({ summary }, []);
  else {
    const parts = { files: fileIds.length, bytes: formatBytes(bytes) };
    context.warn(
      yes
        ? localize('{files} files, {bytes} removed', parts)
        : localize('{files} files, {bytes} would be removed; remove them with --yes', parts),
    );
  }
  return report.failures.length > 0 ? EXIT.failed : EXIT.ok;
}

export interface MirrorFlags extends FilterFlags {
  toConf?: string;
  group?: string;
  targetGroup?: string;
  concurrency?: number;
}

/** Ctrl-C ends it in good order; the same command goes on. Exit code 1 when a file could not be copied. */
export async function mirror(
  context: Context,
  directory: string | undefined,
  flags: MirrorFlags,
): Promise<number> {
  const target = readTarget(directory, flags.toConf);
  const map = takeIdMap(context.options);
  if (map === undefined)
    throw new UsageError('pass --map <file>: the id map, from which a later run resumes');
  const admin = await context.admin();
  const { group, targetGroup, concurrency } = flags;
  const total = await estimateFiles(context, admin, group);
  let report: Readonly<MirrorReport> | undefined;
  const work = admin.mirror(target, {
    ...readFilter(flags),
    map,
    group,
    targetGroup,
    concurrency,
    signal: context.signal,
    onProgress: (now) => {
      report = now;
    },
  });
  const done = () => (report ? report.copied + report.skipped : 0);
  const { failures, ...result } = await context.progress(
    localize('mirror'),
    () => ({ done: done(), total, unit: 'files' }),
    work,
  );
  for (const { fileId, error } of failures) context.fail(error, { fileId });
  const { copied, bytes, skipped, updated, adopted } = result;
  context.print(
    { summary: { ...result, failures: failures.length } },
    localize(
      '{copied} files copied ({bytes}), {skipped} were there, {updated} updated, {adopted} adopted, {failed} failed',
      { copied, bytes: formatBytes(bytes), skipped, updated, adopted, failed: failures.length },
    ),
  );
  return failures.length > 0 ? EXIT.failed : EXIT.ok;
}

function readTarget(directory: string | undefined, conf: string | undefined): MirrorTarget {
  if (directory !== undefined && conf === undefined) return { directory };
  if (directory === undefined && conf !== undefined) return { cluster: conf };
  throw new UsageError('name one target: a directory, or --to-conf <file> for another cluster');
}

/** The lines of a file, or of standard input. Opened when the first is asked for: lines that come before that would be lost. */
async function* readLines(context: Context, path: string): AsyncGenerator<string, void, undefined> {
  const input = path === STDIN ? standardInput(context) : createReadStream(path, { signal: context.signal });
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}
