/** Which file a url asks for. Pure text work: nothing is asked from a server, and nothing odd gets past here. */
import { type ParsedFileId, parseFileId } from '../../index.js';

export interface Target {
  readonly file: ParsedFileId;
  readonly query: URLSearchParams;
}

/** group, store path, two directories, name */
const PARTS = 5;
/** Storages keep the metadata of a file beside it, under its name with this behind. */
const METADATA_SUFFIX = '-m';

/**
 * The file of a request, or the status to answer with: 400 for a path that cannot be decoded, 404 for one that is no
 * file's. There is exactly one path for each file: `/<group>/M00/00/00/<name>` behind the prefix; encoding characters
 * that need none is the one liberty, as proxies take it.
 */
export function targetOf(
  url: string,
  prefix: string,
  groups: ReadonlySet<string> | undefined,
): Target | 400 | 404 {
  // Requests to a proxy carry the whole url.
  const local = url.replace(/^https?:\/\/[^/?#]*/i, '');
  const [path = '', query = ''] = split(local, '?');
  if (!path.startsWith(`${prefix}/`)) return 404;
  const parts = path
    .slice(prefix.length + 1)
    .split('/')
    .map(decode);
  if (parts.some((part) => part === undefined || part.includes('\0'))) return 400;
  if (parts.length !== PARTS || parts.some((part) => part!.includes('/'))) return 404;
  const file = parse(parts.join('/'));
  if (!file || file.fileId.endsWith(METADATA_SUFFIX)) return 404;
  if (groups && !groups.has(file.group)) return 404;
  return { file, query: new URLSearchParams(query) };
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
