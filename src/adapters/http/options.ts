/** Options of the file server: what callers write, checked once. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ArgumentError } from '../../core/base/errors.js';
import { isGroup } from '../../core/model/names.js';
import { verifyToken } from '../../index.js';

/** What to judge tokens in urls (`?token=…&ts=…`) by. */
export interface TokenOptions {
  /** `http.anti_steal.secret_key`. With it a request needs a token of the file, or gets a 403. Default: none. */
  secret?: string;
  /** How far the clocks of who makes tokens and this one may differ, in milliseconds. Default: see `verifyToken`. */
  clockSkewMs?: number;
  /** How long a token is accepted after its `ts`, in seconds. Default 600. */
  ttlSeconds?: number;
}

/** A file as options see it. */
export interface ServedFile {
  /** Its id. */
  readonly fileId: string;
  /** Bytes. */
  readonly size: number;
  /** Quoted. */
  readonly etag: string;
  /** When it was uploaded, and of files that can change the last change. */
  readonly lastModified: Date;
  /** Its bytes never change: all but appender files. */
  readonly immutable: boolean;
  /** Without the dot; '' when there is none. */
  readonly extension: string;
}

/** What is served, and how. Unknown keys are refused with `FASTDFS_ARGUMENT`. */
export interface FdfsServeOptions extends TokenOptions {
  /** The same three in one object. */
  token?: TokenOptions;
  /** Path below which files lie, for servers that do not take it off themselves: `/files`. Default: none. */
  prefix?: string;
  /** Serve these groups only. Default: all. */
  groups?: string | string[];
  /** `Cache-Control` as it is, or false for none. Default: made from `maxAge` and `immutable`. */
  cacheControl?: string | boolean;
  /** How long caches may keep files that never change, in milliseconds. Default 0, as with `express.static`. */
  maxAge?: number;
  /** Say that files that never change are `immutable`; of use with `maxAge`. Default false. */
  immutable?: boolean;
  /** Content type, or a function that finds it. Default: by extension, and else by metadata. */
  contentType?: string | ((file: ServedFile, req: IncomingMessage) => string | undefined);
  /**
   * Ask for the metadata of files, which is one more request: `true` for each file, where its `content-type` (or
   * `contentType`, `mimetype`) comes before the extension; `false` never. Default: where the extension tells no type.
   */
  metadata?: boolean;
  /**
   * Name under which browsers save a file: a string, a function that finds it, or false for none. Default: what
   * `?filename=` says.
   */
  filename?: string | false | ((file: ServedFile, req: IncomingMessage) => string | undefined);
  /** How browsers treat a file with a name. Default `attachment`. */
  disposition?: 'attachment' | 'inline';
  /** Most parts of one reply. A request for more ranges gets the whole file. Default 32. */
  maxRanges?: number;
  /** Called before the head of a reply with content is sent, to add to it. Default: none. */
  setHeaders?: (res: ServerResponse, file: ServedFile) => void;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isBoolean: Check = (value) => typeof value === 'boolean';
const isFunction: Check = (value) => typeof value === 'function';
const isAmount: Check = (value) => typeof value === 'number' && value >= 0;
const isGroupName: Check = (value) => typeof value === 'string' && isGroup(value);

const KEYS: Record<keyof FdfsServeOptions, { is: Check; must: string }> = {
  secret: { is: (value) => isText(value) && value !== '', must: 'a string that is not empty' },
  clockSkewMs: { is: isAmount, must: 'a number of 0 or more' },
  ttlSeconds: { is: isAmount, must: 'a number of 0 or more' },
  token: { is: (value) => typeof value === 'object' && value !== null, must: 'an object' },
  prefix: {
    is: (value) => value === '' || (typeof value === 'string' && /^\/[^?#]*$/.test(value)),
    must: 'a path that begins with a slash',
  },
  groups: {
    is: (value) => [value].flat().length > 0 && [value].flat().every(isGroupName),
    must: 'one group name or several',
  },
  cacheControl: { is: (value) => isText(value) || isBoolean(value), must: 'a string or a boolean' },
  maxAge: { is: (value) => isAmount(value) && Number.isFinite(value), must: 'a number of 0 or more' },
  immutable: { is: isBoolean, must: 'a boolean' },
  contentType: { is: (value) => isText(value) || isFunction(value), must: 'a string or a function' },
  metadata: { is: isBoolean, must: 'a boolean' },
  filename: {
    is: (value) => value === false || isText(value) || isFunction(value),
    must: 'a string, a function or false',
  },
  disposition: {
    is: (value) => value === 'attachment' || value === 'inline',
    must: "'attachment' or 'inline'",
  },
  maxRanges: { is: (value) => Number.isSafeInteger(value) && isAmount(value), must: 'an integer from 0 on' },
  setHeaders: { is: isFunction, must: 'a function' },
};

export interface ResolvedServeOptions
  extends Omit<FdfsServeOptions, keyof TokenOptions | 'token' | 'groups'> {
  readonly token: (TokenOptions & { secret: string }) | undefined;
  readonly prefix: string;
  readonly groups: ReadonlySet<string> | undefined;
  readonly maxRanges: number;
}

/** @throws ArgumentError naming the option that makes no sense */
export function resolveServeOptions(options: FdfsServeOptions): ResolvedServeOptions {
  check(options, '');
  const { secret, clockSkewMs, ttlSeconds, token, groups, ...rest } = options;
  if (token) check(token, 'token.');
  const judged = { ...defined({ secret, clockSkewMs, ttlSeconds }), ...defined({ ...token }) };
  if (judged.secret === undefined && (token || Object.keys(judged).length > 0)) {
    throw new ArgumentError('Checking tokens needs the option `secret`');
  }
  return {
    ...rest,
    token: judged.secret === undefined ? undefined : { ...judged, secret: judged.secret },
    prefix: (rest.prefix ?? '').replace(/\/+$/, ''),
    groups: groups === undefined ? undefined : new Set([groups].flat()),
    maxRanges: rest.maxRanges ?? 32,
  };
}

/** Whether a request may have the file. */
export function admits({ token }: ResolvedServeOptions, fileId: string, query: URLSearchParams): boolean {
  if (!token) return true;
  const given = { token: query.get('token'), ts: query.get('ts') };
  return verifyToken({ fileId, ...given, ...token }).ok;
}

function check(options: FdfsServeOptions, path: string): void {
  for (const [key, value] of Object.entries(options)) {
    const rule = Object.hasOwn(KEYS, key) ? KEYS[key as keyof FdfsServeOptions] : undefined;
    if (!rule || (path !== '' && !['secret', 'clockSkewMs', 'ttlSeconds'].includes(key))) {
      throw new ArgumentError(`Unknown option \`${path}${key}\` of fdfsServe`);
    }
    if (value !== undefined && !rule.is(value)) {
      throw new ArgumentError(`Option \`${path}${key}\` of fdfsServe must be ${rule.must}`);
    }
  }
}

function defined(options: TokenOptions): TokenOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
