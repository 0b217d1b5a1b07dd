/** Options of serving files, which `fdfsServe` and `fdfsFetch` share. Checked once. */
import { engineOf, type FastDFSClient } from '../../../client.js';
import { ArgumentError } from '../../../core/base/errors.js';
import {
  booleanOption,
  type Check,
  type Checks,
  checkOptions,
  enumOption,
  integerOption,
  objectOption,
} from '../../../core/base/validate.js';
import { isGroup } from '../../../core/model/file-id.js';
import { verifyToken } from '../../../index.js';

/** How tokens in URLs (`?token=…&ts=…`) are checked. */
export interface TokenOptions {
  /** `http.anti_steal.secret_key`. With it, a request without a valid token of the file is answered 403. Default: none. */
  secret?: string | undefined;
  /** How far the clocks of maker and checker may differ, in milliseconds. Default: see `verifyToken`. */
  clockSkewMs?: number | undefined;
  /** How long a token is accepted after its `ts`, in seconds. Default: `tokenTtlSeconds` of the client, 600 where it is not set. */
  ttlSeconds?: number | undefined;
}

/** A file as the functions in options see it. */
export interface ServedFile {
  /** Its id. */
  readonly fileId: string;
  /** Bytes. */
  readonly size: number;
  /** Quoted. */
  readonly etag: string;
  /** Time of the upload; of appender and slave files, of the last change. */
  readonly lastModified: Date;
  /** True when its bytes never change: all but appender files. */
  readonly immutable: boolean;
  /** Without the dot; '' when there is none. */
  readonly extension: string;
}

/** A value for all files, or a function of file and request; `undefined` from it means the default. */
export type PerFile<Value, Request> =
  | Value
  | ((file: ServedFile, request: Request) => Value | undefined | Promise<Value | undefined>);

/** What is served, and how. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface ServeOptions<Request> extends TokenOptions {
  /** The same three in one object. */
  token?: TokenOptions | undefined;
  /** Path below which files lie, for servers that do not remove it themselves: `/files`. Default: none. */
  prefix?: string | undefined;
  /** Serves these groups only. Default: all. */
  groups?: string | readonly string[] | undefined;
  /** Group of URLs without one (`/M00/00/00/…`), as with `url_have_group_name=false`. Default: such URLs are not found. */
  defaultGroup?: string | undefined;
  /** The whole of `Cache-Control`, or false for none. Default: made from `maxAge` and `immutable`. */
  cacheControl?: string | boolean | undefined;
  /**
   * How long caches may keep files that never change, in milliseconds; those of links with a token are private, and kept no longer
   * than the token is valid. Default 0, as with `express.static`.
   */
  maxAge?: number | undefined;
  /** Adds `immutable` to files that never change; useful with `maxAge`. Default false. */
  immutable?: boolean | undefined;
  /**
   * Lets middleware and proxies compress replies. `ETag` is weak then and `Range` is ignored, so that compressed content is never
   * joined with a part of the original. Default false: `Cache-Control` says `no-transform`.
   */
  allowTransform?: boolean | undefined;
  /**
   * Content type; `'extension'` for the one of the extension alone; `'metadata'` for the metadata `content-type`
   * (`contentType`, `mimetype`), else the extension. Default: the extension, and metadata for extensions without a type. Asking for
   * metadata is one more request to the storage.
   */
  contentType?: PerFile<string, Request> | undefined;
  /**
   * Name under which browsers save a file: a string, `'metadata'` for the metadata `filename`, or false for none.
   * Default: what `?filename=` says, where `queryFilename` allows it.
   */
  filename?: PerFile<string, Request> | false | undefined;
  /** Lets URLs choose the name by `?filename=`. Default: true without `secret`; false with it, as no token covers the name. */
  queryFilename?: boolean | undefined;
  /** How browsers treat a file with a name. Default `attachment`. */
  disposition?: 'attachment' | 'inline' | undefined;
  /**
   * How browsers treat HTML, SVG and XML, whose scripts would run as your own pages: `sandbox` shows them without scripts, forms and
   * foreign content, by a Content-Security-Policy; `attachment` saves them; `allow` shows them like pages of yours. Default `sandbox`.
   */
  activeContent?: 'sandbox' | 'attachment' | 'allow' | undefined;
  /** Largest number of ranges in one reply. A request for more gets the whole file; 0 ignores `Range`. Default 32. */
  maxRanges?: number | undefined;
  /** `Retry-After` of replies with status 503, in seconds. Default 5. */
  retryAfterSeconds?: number | undefined;
}

const amount: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : 'a number of 0 or more';
const groupName: Check = (value) =>
  typeof value === 'string' && isGroup(value) ? undefined : 'a group name';

const TOKEN_CHECKS: Checks<TokenOptions> = {
  secret: (value) => (typeof value === 'string' && value !== '' ? undefined : 'a string that is not empty'),
  clockSkewMs: amount,
  ttlSeconds: amount,
};

/** A check for each shared option. */
export const SERVE_CHECKS: Checks<ServeOptions<unknown>> = {
  ...TOKEN_CHECKS,
  token: objectOption,
  prefix: (value) =>
    value === '' || (typeof value === 'string' && /^\/[^?#]*$/.test(value))
      ? undefined
      : 'a path that begins with a slash',
  groups: (value) => {
    const names = [value].flat();
    return names.length > 0 && names.every((name) => groupName(name) === undefined)
      ? undefined
      : 'one group name or several';
  },
  defaultGroup: groupName,
  cacheControl: (value) =>
    ['string', 'boolean'].includes(typeof value) ? undefined : 'a string or a boolean',
  maxAge: amount,
  immutable: booleanOption,
  allowTransform: booleanOption,
  contentType: (value) =>
    typeof value === 'function' || (typeof value === 'string' && isContentType(value))
      ? undefined
      : "a content type, 'metadata', 'extension' or a function",
  filename: (value) =>
    value === false || ['string', 'function'].includes(typeof value)
      ? undefined
      : 'a string, a function or false',
  queryFilename: booleanOption,
  disposition: enumOption('attachment', 'inline'),
  activeContent: enumOption('sandbox', 'attachment', 'allow'),
  maxRanges: integerOption(),
  retryAfterSeconds: integerOption(),
};

function isContentType(value: string): boolean {
  return value === 'metadata' || value === 'extension' || value.includes('/');
}

export interface ResolvedServeOptions<Request>
  extends Omit<ServeOptions<Request>, keyof TokenOptions | 'token' | 'groups'> {
  readonly token: TokenRules | undefined;
  readonly prefix: string;
  readonly groups: ReadonlySet<string> | undefined;
  readonly defaultGroup: string | undefined;
  readonly queryFilename: boolean;
  readonly maxRanges: number;
  readonly retryAfterSeconds: number;
}

interface TokenRules {
  readonly secret: string;
  readonly ttlSeconds: number;
  readonly clockSkewMs?: number;
}

/**
 * Checks the options and fills in the defaults. A client is made only after that.
 * @param call what takes them, for messages: `fdfsServe()`
 * @param checks those of the shared options, and of what the caller has beside them
 * @returns makes the options for a client
 * @throws ArgumentError naming the option that is wrong
 */
export function resolveServeOptions<Request, Options extends ServeOptions<Request>>(
  call: string,
  options: Options,
  checks: Checks<Options>,
): (client: FastDFSClient) => ResolvedServeOptions<Request> {
  checkOptions(call, options, checks);
  const { secret, clockSkewMs, ttlSeconds, token, groups, ...rest }: ServeOptions<Request> = options;
  checkOptions(`the option \`token\` of ${call}`, token, TOKEN_CHECKS);
  const rules = { ...defined({ secret, clockSkewMs, ttlSeconds }), ...defined({ ...token }) };
  if (rules.secret === undefined && (token || Object.keys(rules).length > 0)) {
    throw new ArgumentError(`${call} needs the option \`secret\` to check tokens`);
  }
  return (client) => ({
    ...rest,
    token:
      rules.secret === undefined
        ? undefined
        : { ttlSeconds: engineOf(client).options.tokenTtlSeconds, ...rules, secret: rules.secret },
    prefix: (rest.prefix ?? '').replace(/\/+$/, ''),
    groups: groups === undefined ? undefined : new Set([groups].flat()),
    defaultGroup: rest.defaultGroup,
    queryFilename: rest.queryFilename ?? rules.secret === undefined,
    maxRanges: rest.maxRanges ?? 32,
    retryAfterSeconds: rest.retryAfterSeconds ?? 5,
  });
}

/** Checks the token of a request. Without a secret, every request passes. */
export function isAllowed(
  { token }: { readonly token: TokenRules | undefined },
  fileId: string,
  query: URLSearchParams,
): boolean {
  if (!token) return true;
  return verifyToken({ fileId, token: query.get('token'), ts: query.get('ts'), ...token }).ok;
}

/** Returns the seconds for which the token of an allowed request stays valid; infinite for `ts=0`, and without a secret. */
export function secondsLeft(
  { token }: { readonly token: TokenRules | undefined },
  query: URLSearchParams,
): number {
  const ts = Number(query.get('ts'));
  if (!token || ts === 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, ts + token.ttlSeconds - Math.floor(Date.now() / 1000));
}

/** Drops the keys without a value. */
function defined(options: TokenOptions): { secret?: string; clockSkewMs?: number; ttlSeconds?: number } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
