/** Addresses under which a web server in front of the storages serves a file. */
import { ArgumentError } from '../base/errors.js';
import { splitFileId } from './file-id.js';
import { createToken } from './token.js';

/** Options of a client that decide about its urls. */
export interface UrlSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string | undefined;
  readonly httpSecret: string | undefined;
}

/** What `url()` puts behind the path. */
export interface UrlOptions {
  /** Name under which browsers save the file (`?filename=`, understood by the nginx module). Default: none. */
  filename?: string;
  /**
   * Seconds until the token expires, for servers with the usual `token_ttl` of 900 seconds; `Infinity` never.
   * Default: 900. Needs `httpSecret`.
   */
  expiresIn?: number;
  /** Time from which `expiresIn` counts. Default: the present time. */
  now?: Date;
}

/** `http.anti_steal.token_ttl` as web servers have it by default, in seconds. */
const SERVER_TTL_SECONDS = 900;

/** The url of a file, or undefined without `baseUrl`. */
export function createUrl(options: UrlSettings, fileId: string, url: UrlOptions = {}): string | undefined {
  return options.baseUrl === undefined ? undefined : options.baseUrl + createPath(options, fileId, url);
}

/**
 * Path and query of a file's url, beginning with a slash.
 * @throws ArgumentError for a malformed file id, or `expiresIn` without a secret
 */
export function createPath(options: UrlSettings, fileId: string, url: UrlOptions = {}): string {
  const { remoteFilename } = splitFileId(fileId);
  const query = new URLSearchParams();
  if (options.httpSecret !== undefined) {
    const ts = timestamp(url);
    query.set('token', createToken(remoteFilename, options.httpSecret, ts));
    query.set('ts', String(ts));
  } else if (url.expiresIn !== undefined) {
    throw new ArgumentError('expiresIn needs the option httpSecret: a url without a token never expires');
  }
  if (url.filename !== undefined) query.set('filename', url.filename);
  const search = query.toString();
  return search === '' ? `/${fileId}` : `/${fileId}?${search}`;
}

/** Servers add their own time to live to the stamp, so a stamp is set such that the sum is the wish. */
function timestamp({ expiresIn = SERVER_TTL_SECONDS, now = new Date() }: UrlOptions): number {
  if (expiresIn === Number.POSITIVE_INFINITY) return 0;
  if (!(expiresIn > 0))
    throw new ArgumentError(`expiresIn must be a positive number of seconds, not ${expiresIn}`);
  return Math.max(1, Math.floor(now.getTime() / 1000 + expiresIn - SERVER_TTL_SECONDS));
}
