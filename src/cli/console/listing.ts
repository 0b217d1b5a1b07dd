/** Pages of files, and totals by day and by kind. */
import type { FastDFSAdmin, ListFilesOptions } from '../../index.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Reads the filter of a page: `group`, `kind`, `ext`, and `day` as `2026-11-25`. */
function readFilter(query: URLSearchParams): { group: string | undefined; options: ListFilesOptions } {
  const kind = query.get('kind');
  const ext = query.get('ext');
  const day = Date.parse(query.get('day') ?? '');
  return {
    group: query.get('group') || undefined,
    options: {
      ...(kind ? { kind: kind as NonNullable<ListFilesOptions['kind']> } : {}),
      ...(ext ? { ext } : {}),
      ...(Number.isNaN(day) ? {} : { newerThan: new Date(day), olderThan: new Date(day + DAY_MS) }),
    },
  };
}

/** Returns files from `skip` on, and whether there are more. Storages list in the order of their logs, oldest first. */
export async function listPage(
  admin: FastDFSAdmin,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<object> {
  const { group, options } = readFilter(query);
  const skip = readCount(query.get('skip'), 0);
  const limit = Math.min(readCount(query.get('limit'), DEFAULT_LIMIT), MAX_LIMIT);
  const files: object[] = [];
  const listing = admin.listFiles(group, { ...options, signal });
  let index = 0;
  for await (const file of listing) {
    if (index++ < skip) continue;
    if (files.length === limit) return { files, more: true, sources: listing.sources };
    files.push(file);
  }
  return { files, more: false, sources: listing.sources };
}

interface Total {
  files: number;
  bytes: number;
}

/** Returns the number of files and bytes by day of creation and by kind. Bytes of ordinary files, whose ids have a size. */
export async function summarize(
  admin: FastDFSAdmin,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<object> {
  const { group, options } = readFilter(query);
  const days = new Map<string, Total>();
  const kinds = new Map<string, Total>();
  for await (const { createdAt, kind, size = 0 } of admin.listFiles(group, { ...options, signal })) {
    add(days, createdAt.toISOString().slice(0, 10), size);
    add(kinds, kind, size);
  }
  return { days: Object.fromEntries([...days].sort().reverse()), kinds: Object.fromEntries(kinds) };
}

function add(totals: Map<string, Total>, key: string, size: number): void {
  const total = totals.get(key) ?? { files: 0, bytes: 0 };
  total.files++;
  total.bytes += size;
  totals.set(key, total);
}

function readCount(text: string | null, fallback: number): number {
  const value = Number(text ?? fallback);
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback;
}
