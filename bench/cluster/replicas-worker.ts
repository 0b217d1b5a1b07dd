/** Downloads in turn, and reports how many bytes came from which storage. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { createClient } from 'fastdfs-streams';
import { serve } from '../own-process.js';

export interface ReplicaJob {
  trackers: string[];
  fileIds: string[];
  times: number;
  concurrency: number;
  /** Every storage is taken for this one. */
  only?: { host: string; port: number };
}

export interface FromReplicas {
  seconds: number;
  /** By `host` of the storage. */
  bytes: Record<string, number>;
}

serve<ReplicaJob, FromReplicas>(async ({ trackers, fileIds, times, concurrency, only }) => {
  const sockets = new Set<Socket>();
  subscribe('net.client.socket', (message) => sockets.add((message as { socket: Socket }).socket));
  const client = createClient({
    trackers,
    ...(only && { mapAddress: ({ role, ...address }) => (role === 'storage' ? only : address) }),
  });
  let next = 0;
  const lane = async () => {
    while (next < times) await client.download(fileIds[next++ % fileIds.length]!);
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, lane));
  const seconds = (performance.now() - started) / 1000;
  const bytes: Record<string, number> = {};
  for (const { remoteAddress, remotePort, bytesRead } of sockets) {
    if (trackers.includes(`${remoteAddress}:${remotePort}`)) continue;
    bytes[remoteAddress!] = (bytes[remoteAddress!] ?? 0) + bytesRead;
  }
  await client.close();
  return { seconds, bytes };
});
