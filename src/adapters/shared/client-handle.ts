/** Decides who closes the client: the one that made it. The rule of `conf`, for every adapter. */
import { type Conf, createClient, FastDFSClient } from '../../client.js';

/** The client of an adapter. */
export interface ClientHandle {
  readonly client: FastDFSClient;
  /** The adapter made the client. */
  readonly owned: boolean;
  /** Closes the client if the adapter made it; does nothing to one that was passed in. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Makes the client that `conf` describes, or takes the one that it is. Connects to nothing.
 * @throws ArgumentError for wrong options or an unreadable `client.conf`
 */
export function openClient(conf: Conf): ClientHandle {
  if (conf instanceof FastDFSClient) return { client: conf, owned: false, close: async () => {} };
  const client = createClient(conf);
  return { client, owned: true, close: () => client.close() };
}
