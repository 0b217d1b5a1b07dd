/** `fdfs url` */
import type { FastDFSOptions, UrlOptions } from '../../index.js';
import { chooseCluster } from '../cluster-choice.js';
import type { Context } from '../context.js';
import { UsageError } from '../exit.js';

interface UrlFlags {
  baseUrl?: string;
  expiresIn?: number;
  filename?: string;
}

/** Asks nobody, so it has a client of its own that knows the base of the url. */
export async function url(context: Context, fileId: string, { baseUrl, ...flags }: UrlFlags): Promise<void> {
  const { createClient, loadConfig } = await import('../../index.js');
  const choice = chooseCluster(context.options);
  const options: FastDFSOptions = 'conf' in choice ? loadConfig(choice.conf).options : choice;
  if (flags.expiresIn !== undefined && options.httpSecret === undefined) {
    throw new UsageError(
      '--expires-in needs tokens: http.anti_steal.check_token and http.anti_steal.secret_key in the client.conf',
    );
  }
  const base = baseUrl ?? process.env.FDFS_BASE_URL;
  const client = createClient({ ...options, ...(base ? { baseUrl: base } : {}) });
  const made = client.url(fileId, flags satisfies UrlOptions);
  await client.close();
  context.print({ fileId, url: made }, made);
}
