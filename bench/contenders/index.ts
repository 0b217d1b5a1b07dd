/** Who is measured: each does the same jobs in its own way. The C client is a program of its own: `c-client.ts`. */
import { floor } from './floor.js';
import { npmPeer } from './npm-peers.js';
import { ours } from './ours.js';

/** The jobs; undefined where a contender cannot do one. */
export interface Contender {
  /** Uploads content from memory and returns the file id. */
  upload?(content: Buffer): Promise<string>;
  download?(fileId: string): Promise<unknown>;
  uploadFile?(path: string): Promise<string>;
  /** Uploads a file as if its length were unknown, until the storage has all of it. */
  uploadUnknown?(path: string): Promise<string>;
  downloadFile?(fileId: string, path: string): Promise<unknown>;
  /** Reads all of it and keeps nothing. */
  drain?(fileId: string): Promise<unknown>;
  close(): Promise<void> | void;
}

export const OURS = 'fastdfs-streams';
/** With as many connections as the servers still gain from; measured where more calls than 16 are made at a time. */
export const OURS_WIDE = 'fastdfs-streams, 64 connections';
export const FLOOR_ASKING = 'floor, 2 round trips';
export const FLOOR = 'floor, 1 round trip';
export const C_CLIENT = 'C client';

type Make = (trackers: string[], concurrency: number) => Promise<Contender>;

export const CONTENDERS: Record<string, Make> = {
  [OURS]: async (trackers) => ours(trackers),
  [OURS_WIDE]: async (trackers) => ours(trackers, { maxPerServer: 64 }),
  [FLOOR_ASKING]: (trackers, concurrency) => floor(trackers, concurrency, true),
  [FLOOR]: (trackers, concurrency) => floor(trackers, concurrency, false),
  'npm fdfs': async (trackers) => npmPeer('fdfs', trackers),
  'npm fdfs-client': async (trackers) => npmPeer('fdfs-client', trackers),
};
