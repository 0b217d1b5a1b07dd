/** The one client of the process, between `fdfs_init` and `fdfs_destroy`, and how every verb runs with it. */
import { type Conf, createClient, FastDFSAdmin, FastDFSClient } from '../../index.js';
import { EINVAL, toErrno } from './errno.js';
import type { Answer } from './types.js';

export interface Session {
  readonly client: FastDFSClient;
  readonly admin: FastDFSAdmin;
  close(): Promise<void>;
}

let session: Session | undefined;

/**
 * Sets up the client. A second call replaces the client of the first.
 * @param conf_filename path of a `client.conf`; also options, or a client, which the caller closes
 */
export async function fdfs_init(conf_filename: Conf): Promise<Answer> {
  return await answer(async () => {
    const client = createClient(conf_filename);
    const before = session;
    const owned = !(conf_filename instanceof FastDFSClient);
    const admin = new FastDFSAdmin(client);
    session = {
      client,
      admin,
      close: async () => {
        await admin.close();
        if (owned) await client.close();
      },
    };
    await before?.close();
    return {};
  });
}

/** Closes every connection. Verbs after it answer as before `fdfs_init`; a second call does nothing. */
export async function fdfs_destroy(): Promise<Answer> {
  return await answer(async () => {
    const before = session;
    session = undefined;
    await before?.close();
    return {};
  });
}

/** Runs a verb that needs the client. Resolves to `result` 22 before `fdfs_init`. */
export async function withSession<Fields extends object>(
  run: (session: Session) => Promise<Fields>,
): Promise<Answer<Fields>> {
  const current = session;
  if (!current) {
    return { result: EINVAL, message: 'FastDFS is not initialised: call fdfs_init first' } as Answer<Fields>;
  }
  return await answer(() => run(current));
}

/** Resolves whatever happens: to the fields of the verb, or to the errno value of what it failed with. */
async function answer<Fields extends object>(run: () => Promise<Fields>): Promise<Answer<Fields>> {
  try {
    return { result: 0, ...(await run()) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { result: toErrno(error), message } as Answer<Fields>;
  }
}
