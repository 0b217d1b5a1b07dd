/** Lists the keys of an index page by page, with the semantics of S3: prefix, delimiter, common prefixes, cursor. */
import { ArgumentError } from '../../core/base/errors.js';
import { type Checks, checkOptions, integerOption, stringOption } from '../../core/base/validate.js';
import { parseFileId } from '../../core/model/file-id.js';
import { compareKeys, DEFAULT_PAGE, type KeyEntry, type KeyIndex } from '../indexes/contract.js';

/** Which keys to list. */
export interface BlobListOptions {
  /** Only keys that start with it. Default: all. */
  prefix?: string | undefined;
  /**
   * Keys that have it behind the prefix are not listed themselves: what they have in common up to and with the first delimiter
   * is listed once, in `prefixes`. `/` lists one folder. Default: none.
   */
  delimiter?: string | undefined;
  /** The `cursor` of the page before, for the same prefix and delimiter. Default: the first page. */
  cursor?: string | undefined;
  /** At most this many blobs and common prefixes together, 1 to 1000. Default 1000. */
  limit?: number | undefined;
}

/** A blob as a listing shows it. What is known of the file is read from its id; no server is asked. */
export interface ListedBlob {
  /** Key of the blob. */
  key: string;
  /** File that the key led to. */
  fileId: string;
  /** Bytes; undefined for files whose id does not have it (appender and slave files). */
  size?: number;
  /** When the file was made. */
  createdAt: Date;
}

/** One page of a listing. */
export interface BlobList {
  /** In the order of their keys' UTF-8 bytes. */
  blobs: ListedBlob[];
  /** Common prefixes of further keys, in the same order. */
  prefixes: string[];
  /** Continues the listing; undefined on the last page. */
  cursor?: string;
}

const CHECKS: Checks<BlobListOptions> = {
  prefix: stringOption,
  delimiter: stringOption,
  cursor: stringOption,
  limit: integerOption(1, DEFAULT_PAGE),
};
/** Sorts behind nearly all that can follow a common prefix; the rest is skipped by its prefix. */
const HIGHEST = '\u{10FFFF}';

/** Where a page ends: behind a key, or behind all keys with a common prefix. */
interface Position {
  readonly after: string;
  /** Keys that start with it belong to a page before. */
  readonly skip: string | undefined;
}

/** @throws ArgumentError for wrong options, and for a cursor that no page had */
export async function listBlobs(index: KeyIndex, options: BlobListOptions = {}): Promise<BlobList> {
  checkOptions('list()', options, CHECKS);
  const { prefix = '', delimiter = '', cursor, limit = DEFAULT_PAGE } = options;
  const list: BlobList = { blobs: [], prefixes: [] };
  let position = cursor === undefined ? undefined : decodeCursor(cursor);
  for (;;) {
    // One more than needed shows whether there is another page.
    const page = await readEntries(index, prefix, position?.after, limit + 1);
    for (const [key, fileId] of page) {
      if (fileId === '') continue;
      if (position?.skip !== undefined && key.startsWith(position.skip)) continue;
      if (list.blobs.length + list.prefixes.length === limit)
        return { ...list, cursor: encodeCursor(position!) };
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (end < 0) {
        list.blobs.push(describeBlob(key, fileId));
        position = { after: key, skip: undefined };
      } else {
        const common = key.slice(0, end + delimiter.length);
        list.prefixes.push(common);
        position = { after: common + HIGHEST, skip: common };
      }
    }
    if (page.length <= limit) return list;
    const [last] = page.at(-1)!;
    if (!position || compareKeys(last, position.after) > 0) position = { after: last, skip: position?.skip };
  }
}

async function readEntries(
  index: KeyIndex,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<KeyEntry[]> {
  if (index.entries) return await index.entries(prefix, { after, limit });
  const keys = await index.keys(prefix, { after, limit });
  const fileIds = await Promise.all(keys.map((key) => index.get(key)));
  // A key that was removed since counts for the page and is not listed.
  return keys.map((key, at): KeyEntry => [key, fileIds[at] ?? '']);
}

function describeBlob(key: string, fileId: string): ListedBlob {
  const { size, createdAt } = parseFileId(fileId);
  return { key, fileId, ...(size === undefined ? {} : { size }), createdAt };
}

function encodeCursor({ after, skip }: Position): string {
  return Buffer.from(JSON.stringify([after, skip])).toString('base64url');
}

function decodeCursor(cursor: string): Position {
  try {
    const [after, skip] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    if (typeof after === 'string' && (typeof skip === 'string' || skip == null))
      return { after, skip: skip ?? undefined };
  } catch {
    // Not one of ours either.
  }
  throw new ArgumentError('`cursor` is not one that list() has returned');
}
