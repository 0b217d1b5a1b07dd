/** Asks a tracker as fast as one process can. */
import { fetchQuery, STORE_QUERY } from '../contenders/frames.js';
import { rawConnection } from '../contenders/raw-connection.js';
import { cpuSeconds, serve } from '../own-process.js';

export interface Questions {
  tracker: string;
  about: 'store' | 'fetch';
  fileId: string;
  times: number;
  concurrency: number;
}

export interface Asked {
  seconds: number;
  cpuSeconds: number;
}

serve<Questions, Asked>(async ({ tracker, about, fileId, times, concurrency }) => {
  const [host, port] = tracker.split(':') as [string, string];
  const query = about === 'store' ? STORE_QUERY : fetchQuery(fileId);
  const connections = await Promise.all(
    Array.from({ length: concurrency }, () => rawConnection(host, Number(port))),
  );
  let next = 0;
  const cpu = cpuSeconds();
  const started = performance.now();
  await Promise.all(
    connections.map(async ({ ask }) => {
      while (next++ < times) await ask(query);
    }),
  );
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpuSeconds() - cpu };
});
