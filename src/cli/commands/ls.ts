/** `fdfs ls`: the files of the cluster. */
import type { FastDFSAdmin, FileFilter, FileListing, ListedFile } from '../../index.js';
import type { Context } from '../context.js';
import { formatBytes, formatDate } from '../format.js';
import { localize } from '../language.js';
import { LineWriter } from '../line-writer.js';
import type { Column } from '../table.js';

export interface FilterFlags {
  kind?: 'normal' | 'appender' | 'slave';
  ext?: string;
  olderThan?: string;
  newerThan?: string;
}

export interface ListFlags extends FilterFlags {
  long?: boolean;
  count?: boolean;
  du?: boolean;
  storage?: string;
  storePath?: number;
  /** Commander's form of --no-confirm. */
  confirm?: boolean;
}

interface Usage {
  group: string;
  storePath: number;
  kind: string;
  files: number;
  bytes: number;
  unknownSizes: number;
}

export function readFilter({ kind, ext, olderThan, newerThan }: FilterFlags): FileFilter {
  return { kind, ext, olderThan: readMoment(olderThan), newerThan: readMoment(newerThan) };
}

/** An age stays a text; anything else is a date. */
function readMoment(text: string | undefined): Date | string | undefined {
  return text === undefined || /^\d+[smhdw]$/.test(text) ? text : new Date(text);
}

export async function ls(context: Context, group: string | undefined, flags: ListFlags): Promise<void> {
  const admin = await context.admin();
  const { signal } = context;
  const { storage, storePath, confirm } = flags;
  const listing = admin.listFiles(group, { ...readFilter(flags), storage, storePath, confirm, signal });
  let listed = 0;
  const total = await estimateFiles(context, admin, group);
  const work =
    flags.count || flags.du
      ? sumUp(context, listing, flags, () => listed++)
      : writeFiles(context, listing, flags, () => listed++);
  const shown = process.stdout.isTTY && !flags.count && !flags.du;
  await (shown
    ? work
    : context.progress(localize('files'), () => ({ done: listed, total, unit: 'files' }), work));
  describeSources(context, listing);
}

async function writeFiles(
  context: Context,
  listing: FileListing,
  { long }: ListFlags,
  onFile: () => void,
): Promise<void> {
  const output = new LineWriter(context.signal);
  const format = context.options.json ? JSON.stringify : long ? longLine : (file: ListedFile) => file.fileId;
  for await (const file of listing) {
    onFile();
    const full = output.write(format(file));
    if (full) await full;
  }
  await output.flush();
}

function longLine({ fileId, kind, size, createdAt, hasMetadata }: ListedFile): string {
  const bytes = (size === undefined ? '?' : String(size)).padStart(12);
  return `${kind.padEnd(8)} ${hasMetadata ? 'm' : '-'} ${bytes}  ${formatDate(createdAt)}  ${fileId}`;
}

async function sumUp(
  context: Context,
  listing: FileListing,
  { count }: ListFlags,
  onFile: () => void,
): Promise<void> {
  const usages = new Map<string, Usage>();
  for await (const { group, storePath, kind, size } of listing) {
    onFile();
    const key = `${group}/${storePath}/${kind}`;
    const usage = usages.get(key) ?? { group, storePath, kind, files: 0, bytes: 0, unknownSizes: 0 };
    usages.set(key, usage);
    usage.files++;
    if (size === undefined) usage.unknownSizes++;
    else usage.bytes += size;
  }
  const rows = [...usages.values()];
  const files = rows.reduce((sum, row) => sum + row.files, 0);
  if (count) {
    context.print({ files }, String(files));
    return;
  }
  const { tableLines } = await import('../table.js');
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const unknown = rows.reduce((sum, row) => sum + row.unknownSizes, 0);
  const total = { files, bytes: formatBytes(bytes) };
  context.print({ files, bytes, unknownSizes: unknown, usage: rows }, [
    ...tableLines(rows, usageColumns(), context.paint),
    unknown > 0
      ? localize('{files} files, {bytes}, and {unknown} files whose size only --confirm finds out', {
          ...total,
          unknown,
        })
      : localize('{files} files, {bytes}', total),
  ]);
}

const usageColumns = (): Column<Usage>[] => [
  { title: localize('GROUP'), value: ({ group }) => group },
  {
    title: localize('PATH'),
    value: ({ storePath }) => `M${storePath.toString(16).toUpperCase().padStart(2, '0')}`,
  },
  { title: localize('KIND'), value: ({ kind }) => kind },
  { title: localize('FILES'), value: ({ files }) => String(files), right: true },
  { title: localize('SIZE'), value: ({ bytes }) => formatBytes(bytes), right: true },
];

/** By the counters of the storages, which count since they were set up. */
export async function estimateFiles(
  context: Context,
  admin: FastDFSAdmin,
  group: string | undefined,
): Promise<number | undefined> {
  if (!process.stderr.isTTY || context.options.json) return undefined;
  const storages = await context.listStorages(admin, group);
  return storages.reduce(
    (sum, { operations }) => sum + operations.upload.success - operations.delete.success,
    0,
  );
}

/** How fresh the list is; for people only. */
export function describeSources(context: Context, { sources }: FileListing): void {
  if (!process.stderr.isTTY || context.options.json || sources.length === 0) return;
  const storages = [...new Set(sources.map(({ address }) => address))].join(', ');
  context.warn(
    localize('listed by {storages} at {time}; changes of the last minute may be missing', {
      storages,
      time: formatDate(sources[0]!.listedAt),
    }),
  );
}
