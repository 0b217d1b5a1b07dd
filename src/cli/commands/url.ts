/** `fdfs url` */
import type { UrlOptions } from '../../index.js';
import type { Context } from '../context.js';
import { UsageError } from '../exit.js';
import { localize } from '../language.js';

interface UrlFlags {
  baseUrl?: string;
  expiresIn?: number;
  filename?: string;
  /** False with `--no-token`. */
  token?: boolean;
}

/** Connects to no server, so it has a client of its own that knows the base of the URL. */
export async function url(context: Context, fileId: string, { baseUrl, ...flags }: UrlFlags): Promise<void> {
  const { createClient } = await import('../../index.js');
  const options = await context.clusterOptions();
  if (flags.expiresIn !== undefined && options.httpSecret === undefined) {
    throw new UsageError(
      '--expires-in needs tokens: http.anti_steal.check_token and http.anti_steal.secret_key in the client.conf',
    );
  }
  const base = baseUrl ?? process.env.FDFS_BASE_URL;
  const logger = {
    warn: (message: string) => context.warn(localize('warning: {problem}', { problem: message })),
  };
  const client = createClient({ ...options, logger, ...(base ? { baseUrl: base } : {}) });
  const made = client.url(fileId, flags satisfies UrlOptions);
  await client.close();
  context.print({ fileId, url: made }, made);
}
