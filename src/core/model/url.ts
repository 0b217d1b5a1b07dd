/** URLs under which a web server in front of the storages serves a file. */
import { ArgumentError } from '../base/errors.js';
import { booleanOption, type Checks, checkOptions, dateOption, stringOption } from '../base/validate.js';
import { splitFileId } from './file-id.js';
import { MAX_TIMESTAMP } from './limits.js';
import { createToken } from './token.js';

/** Options of a client that decide about its URLs. */
export interface UrlSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string | undefined;
  readonly httpSecret: string | undefined;
  /** `http.anti_steal.token_ttl` of the web servers. */
  readonly tokenTtlSeconds: number;
  readonly logger: { warn(message: string): void };
}

/** What `url()` puts behind the path. */
export interface UrlOptions {
  /**
   * Name under which browsers save the file (`?filename=`, read by the nginx module, which refuses URLs whose path
   * and query have more than 510 bytes: beyond them the logger gets a warning). Control characters become `_`. Default: none.
   */
  filename?: string | undefined;
  /**
   * Seconds until the token expires; `Infinity` never. Correct where the option `tokenTtlSeconds` is the servers' own
   * `token_ttl`. Default: `tokenTtlSeconds`. Needs `httpSecret`.
   */
  expiresIn?: number | undefined;
  /** Time from which `expiresIn` counts. Default: the present time. */
  now?: Date | undefined;
  /** False: no token although there is a secret, for files that web servers give to everybody. Default: true. */
  token?: boolean | undefined;
}

/** Longest path and query that the nginx module takes: it has a buffer of 512 bytes. */
const MAX_MODULE_URL_BYTES = 510;

const URL_CHECKS: Checks<UrlOptions> = {
  filename: stringOption,
  expiresIn: (value) =>
    typeof value === 'number' && value > 0 ? undefined : 'a positive number of seconds, or Infinity',
  now: dateOption,
  token: booleanOption,
};

/**
 * Returns path and query of a file's URL, beginning with a slash.
 * @throws ArgumentError for a malformed file id, for unknown options, or `expiresIn` without a token
 */
export function createPath(options: UrlSettings, fileId: string, url: UrlOptions = {}): string {
  const { remoteFilename } = splitFileId(fileId);
  checkOptions('url()', url, URL_CHECKS);
  const query = new URLSearchParams();
  if (options.httpSecret !== undefined && url.token !== false) {
    const ts = computeTimestamp(url, options.tokenTtlSeconds);
    query.set('token', createToken(remoteFilename, options.httpSecret, ts));
    query.set('ts', String(ts));
  } else if (url.expiresIn !== undefined) {
    throw new ArgumentError(
      `\`expiresIn\` needs ${url.token === false ? 'a token, and `token` is false' : 'the option `httpSecret`'}: a URL without a token never expires`,
    );
  }
  if (url.filename !== undefined) query.set('filename', cleanFilename(url.filename));
  const path = encodePath(fileId);
  const search = query.toString();
  const full = search === '' ? `/${path}` : `/${path}?${search}`;
  if (url.filename !== undefined && full.length > MAX_MODULE_URL_BYTES) {
    options.logger.warn(
      `The URL of ${fileId} has ${full.length} bytes; the nginx module of FastDFS takes ${MAX_MODULE_URL_BYTES}: shorten the file name`,
    );
  }
  return full;
}

/** Half an emoji would not be text in UTF-8; the nginx module copies line breaks into a header, where another would begin. */
function cleanFilename(name: string): string {
  return Buffer.from(name)
    .toString()
    .replace(/\p{Cc}/gu, '_');
}

/** Ids that other clients made may have any characters in the extension. */
function encodePath(fileId: string): string {
  return encodeURI(fileId).replace(/[?#]/g, encodeURIComponent);
}

/** Servers accept a token for their own time to live after its stamp, so the stamp lies that much before the end. */
function computeTimestamp({ expiresIn, now = new Date() }: UrlOptions, ttlSeconds: number): number {
  if (expiresIn === Number.POSITIVE_INFINITY) return 0;
  const ts = Math.max(1, Math.floor(now.getTime() / 1000 + (expiresIn ?? ttlSeconds) - ttlSeconds));
  if (ts > MAX_TIMESTAMP) {
    throw new ArgumentError(
      '`expiresIn` is too long: time stamps of tokens have 32 bits; use Infinity for no end',
    );
  }
  return ts;
}
