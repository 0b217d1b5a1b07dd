/** Who made the client has to close it: the one rule of `conf`, for every adapter. */
import { type Conf, createClient, FastDFSClient } from '../../client.js';

export interface HeldClient {
  readonly client: FastDFSClient;
  /** The client was made here. */
  readonly owned: boolean;
  /** Closes the client if it was made here; leaves one that was passed in alone. Safe to call twice. */
  close(): Promise<void>;
}

/** @throws ArgumentError for wrong options or an unreadable `client.conf`; nothing connects yet */
export function clientOf(conf: Conf): HeldClient {
  if (conf instanceof FastDFSClient) return { client: conf, owned: false, close: async () => {} };
  const client = createClient(conf);
  return { client, owned: true, close: () => client.close() };
}
