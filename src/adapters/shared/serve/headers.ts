/** Builds the headers of replies with content. */
import { create as contentDisposition } from 'content-disposition';
import type { Presentation } from './file.js';
import type { ResolvedServeOptions, ServedFile } from './options.js';

/** Types that browsers show as documents which may run scripts. */
const ACTIVE_TYPE = /^(text\/(html|xml|xsl)|application\/xml|[^;/]+\/[^;]*\+xml)\s*(;|$)/i;
/** No scripts, no forms, nothing from elsewhere, and an origin of its own. */
const SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/** Headers of every reply, also of refusals. */
export const COMMON_HEADERS = { 'X-Content-Type-Options': 'nosniff' } as const;

/** Returns the value of a header that the application has set before. */
export type GetHeader = (name: string) => string | undefined;

/**
 * Returns validators and caching, which a 304 has, too. What the application has set counts more.
 * @param secondsLeft how long the link is valid
 */
export function buildValidators<Request>(
  file: ServedFile,
  options: ResolvedServeOptions<Request>,
  secondsLeft: number,
  existing: GetHeader,
): Record<string, string> {
  const cacheControl = existing('Cache-Control') ?? buildCacheControl(file, options, secondsLeft);
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    'Accept-Ranges': existing('Accept-Ranges') ?? (options.allowTransform ? 'none' : 'bytes'),
    'Last-Modified': file.lastModified.toUTCString(),
    ETag: file.etag,
  };
  const complete = options.allowTransform ? cacheControl : addNoTransform(cacheControl);
  if (complete !== undefined) headers['Cache-Control'] = complete;
  return headers;
}

/** Adds `no-transform` to `Cache-Control`, so that no middleware compresses a reply whose tag and ranges are those of the file. */
export function addNoTransform(cacheControl: string | undefined): string {
  if (cacheControl === undefined || cacheControl.trim() === '') return 'no-transform';
  return /(^|[\s,])no-transform([\s,]|$)/i.test(cacheControl)
    ? cacheControl
    : `${cacheControl}, no-transform`;
}

function buildCacheControl<Request>(
  file: ServedFile,
  { cacheControl = true, maxAge = 0, immutable = false, token }: ResolvedServeOptions<Request>,
  secondsLeft: number,
): string | undefined {
  if (typeof cacheControl === 'string') return cacheControl;
  if (!cacheControl) return undefined;
  const scope = token ? 'private' : 'public';
  if (!file.immutable) return `${scope}, max-age=0`;
  const seconds = Math.floor(Math.min(maxAge / 1000, secondsLeft));
  return `${scope}, max-age=${seconds}${immutable ? ', immutable' : ''}`;
}

/** Returns what browsers need to know to show a file, or to save it. */
export function buildPresentation<Request>(
  { contentType, filename }: Presentation,
  { disposition = 'attachment', activeContent = 'sandbox' }: ResolvedServeOptions<Request>,
  existing: GetHeader,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const isActive = ACTIVE_TYPE.test(contentType.trim());
  if (isActive && activeContent === 'attachment') {
    headers['Content-Disposition'] = contentDisposition(filename, { type: 'attachment' });
  } else if (filename !== undefined) {
    headers['Content-Disposition'] =
      existing('Content-Disposition') ?? contentDisposition(filename, { type: disposition });
  }
  if (isActive && activeContent === 'sandbox') {
    // Browsers enforce every policy of a list: one that the application has for its own pages stays in force.
    const own = existing('Content-Security-Policy');
    headers['Content-Security-Policy'] = own === undefined ? SANDBOX : `${own}, ${SANDBOX}`;
  }
  return headers;
}
