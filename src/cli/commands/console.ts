/** `fdfs console`: a web page for operators, until Ctrl-C. */
import { once } from 'node:events';
import { Console, isLoopback } from '../console/server.js';
import type { Context } from '../context.js';
import { EXIT, Interrupted, UsageError } from '../exit.js';
import { localize } from '../language.js';

interface ConsoleFlags {
  port: number;
  host: string;
  auth?: string;
  allowDelete?: boolean;
}

export async function runConsole(
  context: Context,
  { port, host, allowDelete = false, ...flags }: ConsoleFlags,
): Promise<number> {
  const auth = flags.auth ?? process.env.FDFS_CONSOLE_AUTH;
  if (auth !== undefined && !/^[^:]+:.+$/s.test(auth)) throw new UsageError('--auth must be user:password');
  if (auth === undefined && !isLoopback(host)) {
    throw new UsageError(
      '--host {host} can be reached from other machines, so --auth user:password is required',
      { host },
    );
  }
  const { signal } = context;
  const page = new Console(await context.client(), { host, port, auth, allowDelete });
  try {
    const url = await page.start().catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        throw new UsageError('Port {port} is in use: choose another with --port', { port });
      throw error;
    });
    context.print(
      { url, auth: auth !== undefined, allowDelete },
      localize('FastDFS console: {url}', { url }),
    );
    if (!signal.aborted) await once(signal, 'abort');
    if (!(signal.reason instanceof Interrupted)) throw signal.reason;
    return EXIT.ok;
  } finally {
    await page.close();
  }
}
