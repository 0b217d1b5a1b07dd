/** Finds the file that a URL names. Works on text alone: no server is asked. */
import { type ParsedFileId, parseFileId } from '../../../index.js';

export interface Target {
  readonly file: ParsedFileId;
  readonly query: URLSearchParams;
}

/** What decides which paths name a file. */
export interface TargetRules {
  /** Without a slash at its end. */
  readonly prefix: string;
  /** Undefined allows every group. */
  readonly groups: ReadonlySet<string> | undefined;
  /** Group of paths that begin with the store path (`/M00/…`). */
  readonly defaultGroup: string | undefined;
}

/** Group, store path, two directories, name. */
const PARTS = 5;
/** Storages keep the metadata of a file in a file of their own: its name with this suffix. */
export const METADATA_SUFFIX = '-m';

/**
 * Returns the file of a request, or the status to answer: 400 for a path that cannot be decoded, 404 for one that names no file.
 * Each file has exactly one path, `/<group>/M00/00/00/<name>` after the prefix; percent-encoding is the only variation, as proxies
 * add it.
 */
export function parseTarget(url: string, { prefix, groups, defaultGroup }: TargetRules): Target | 400 | 404 {
  // Requests to a proxy, and those of fetch, carry the whole URL.
  const local = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const [path = '', query = ''] = split(local, '?');
  if (!path.startsWith(`${prefix}/`)) return 404;
  const parts = path
    .slice(prefix.length + 1)
    .split('/')
    .map(decode);
  if (parts.some((part) => part === undefined || part.includes('\0'))) return 400;
  if (parts.length === PARTS - 1 && defaultGroup !== undefined) parts.unshift(defaultGroup);
  // Proxies and browsers take a backslash for a slash.
  if (parts.length !== PARTS || parts.some((part) => /[/\\]/.test(part!))) return 404;
  const file = parse(parts.join('/'));
  if (!file || (file.fileId.endsWith(METADATA_SUFFIX) && !mayEndLikeMetadata(file))) return 404;
  if (groups && !groups.has(file.group)) return 404;
  return { file, query: new URLSearchParams(query) };
}

/**
 * Returns true for names that may belong to a file whose extension ends in `-m`. The metadata of every file with a name of usual
 * length is longer than a plain name, and its suffix does not follow a dot.
 */
function mayEndLikeMetadata({ fileId, kind }: ParsedFileId): boolean {
  return kind !== 'slave' || fileId.endsWith(`.${METADATA_SUFFIX}`);
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function parse(fileId: string): ParsedFileId | undefined {
  try {
    return parseFileId(fileId);
  } catch {
    return undefined;
  }
}
