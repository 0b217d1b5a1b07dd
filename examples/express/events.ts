/**
 * Sends the page what changes, as server-sent events: `files` is the list of files, `cluster` the state of the
 * cluster. Each event holds the whole state, so that a page that was disconnected has missed nothing.
 */
import type { RequestHandler, Response } from 'express';
import type { ClusterHealth } from 'fastdfs-streams';
import type { FileList } from './file-list.js';

export interface EventSources {
  list: FileList;
  /** Looks at the cluster until the signal aborts. */
  cluster: (signal: AbortSignal) => AsyncIterable<ClusterHealth>;
  describe: (health: ClusterHealth) => object;
}

export interface EventStream {
  handler: RequestHandler;
  /** Shows a state of the cluster at once. */
  show(health: ClusterHealth): void;
}

/** Milliseconds after which a browser comes again. */
const RETRY_MS = 1_000;

export function eventStream({ list, cluster, describe }: EventSources): EventStream {
  const pages = new Set<Response>();
  let watching = new AbortController();

  const send = (event: string, data: object) => {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const page of pages) page.write(text);
  };
  const show = (health: ClusterHealth) => send('cluster', describe(health));
  const watch = async (signal: AbortSignal) => {
    for await (const health of cluster(signal)) show(health);
  };
  list.on('change', () => send('files', list.all()));

  const handler: RequestHandler = (_req, res) => {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    res.write(`retry: ${RETRY_MS}\nevent: files\ndata: ${JSON.stringify(list.all())}\n\n`);
    pages.add(res);
    // The cluster is asked only while a page is open.
    if (pages.size === 1) {
      watching = new AbortController();
      void watch(watching.signal);
    }
    res.on('close', () => {
      pages.delete(res);
      if (pages.size === 0) watching.abort();
    });
  };
  return { handler, show };
}
