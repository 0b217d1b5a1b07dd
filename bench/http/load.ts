/** Makes the requests, in a process of its own, by hand: what it costs must not hide what the servers cost. */
import { serve } from '../own-process.js';
import { HttpConnection } from './http-connection.js';

export interface Load {
  port: number;
  concurrency: number;
  times: number;
  warmUp: number;
  /** To download, in turn. */
  paths?: string[];
  /** Of the file to upload, where nothing is to be downloaded. */
  bytes: number;
}

export interface Loaded {
  seconds: number;
  /** Ids of uploaded files. */
  made: string[];
}

serve<Load, Loaded>(async ({ port, concurrency, times, warmUp, paths, bytes }) => {
  const connections = await Promise.all(
    Array.from({ length: concurrency }, () => HttpConnection.open('127.0.0.1', port)),
  );
  const made: string[] = [];
  const run = async (connection: HttpConnection, index: number) => {
    if (paths) await connection.download(paths[index % paths.length]!, bytes);
    else made.push(await connection.upload('/u', bytes));
  };
  const repeat = async (runs: number) => {
    let next = 0;
    const lane = async (connection: HttpConnection) => {
      while (next < runs) await run(connection, next++);
    };
    await Promise.all(connections.map(lane));
  };
  await repeat(warmUp);
  const started = performance.now();
  await repeat(times);
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  return { seconds, made };
});
