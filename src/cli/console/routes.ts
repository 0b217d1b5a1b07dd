/** What the page of the console asks for, by method and path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FastDFSAdmin, type FastDFSClient, FastDFSError, parseFileId } from '../../index.js';
import { readFileId as readPastedId } from '../file-ids.js';
import { describeCluster } from './cluster.js';
import type { Job, Jobs } from './jobs.js';
import { listPage, summarize } from './listing.js';
import { prune, verify } from './work.js';

export interface ConsoleState {
  readonly client: FastDFSClient;
  readonly admin: FastDFSAdmin;
  readonly jobs: Jobs;
  readonly allowDelete: boolean;
}

export interface RouteInput {
  readonly query: URLSearchParams;
  /** The JSON object of a POST. */
  readonly body: Record<string, unknown>;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Returns what is sent as JSON; undefined where the route answers by itself. */
export type Route = (state: ConsoleState, input: RouteInput) => Promise<unknown>;

/** The request cannot be done as it was sent. */
export class UserError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const WATCH_INTERVAL_MS = 2_000;

export const routes: Readonly<Record<string, Route>> = {
  'GET /api/settings': async ({ allowDelete }) => ({ allowDelete }),

  'GET /api/events': async ({ admin }, { req, res }) => {
    const closed = new AbortController();
    req.on('close', () => closed.abort());
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    try {
      for await (const health of admin.watch({ intervalMs: WATCH_INTERVAL_MS, signal: closed.signal })) {
        res.write(`event: cluster\ndata: ${JSON.stringify(describeCluster(health))}\n\n`);
      }
    } catch (error) {
      if (!closed.signal.aborted) throw error;
    }
    res.end();
    return undefined;
  },

  'GET /api/files': ({ admin }, { query, req }) => listPage(admin, query, signalOf(req)),

  'GET /api/summary': ({ admin }, { query, req }) => summarize(admin, query, signalOf(req)),

  'GET /api/file': async ({ client }, { query }) => {
    const fileId = readFileId(query.get('id') ?? '');
    const { kind, createdAt, extension } = parseFileId(fileId);
    const [stat, metadata, storages] = await Promise.all([
      client.stat(fileId, { source: 'server' }).catch(describeFailure),
      client.getMetadata(fileId).catch(describeFailure),
      client.locate(fileId).catch(describeFailure),
    ]);
    return { fileId, kind, createdAt, extension, stat, metadata, storages };
  },

  'POST /api/delete': async ({ client, allowDelete }, { body }) => {
    if (!allowDelete) throw new UserError(403, 'Deleting is off: start the console with --allow-delete');
    await client.delete(readFileId(body.fileId));
    return {};
  },

  'GET /api/jobs': async ({ jobs }) => jobs.list().map(({ findings: _findings, ...job }) => job),

  'GET /api/job': async ({ jobs }, { query }) => findJob(jobs, query.get('id')),

  'POST /api/jobs/verify': async ({ admin, jobs }, { body }) => {
    const settings = { ...readGroup(body), ...(body.fileId ? { fileId: readFileId(body.fileId) } : {}) };
    return jobs.start('verify', settings, verify(admin, settings));
  },

  'POST /api/jobs/prune': async ({ admin, jobs, allowDelete }, { body }) => {
    const dryRun = body.dryRun !== false;
    if (!dryRun && !allowDelete)
      throw new UserError(403, 'Deleting is off: start the console with --allow-delete');
    const { olderThan, ext } = body;
    if (typeof olderThan !== 'string' || olderThan === '') {
      throw new UserError(400, 'An age is required, such as 90d');
    }
    const settings = {
      ...readGroup(body),
      olderThan,
      ...(typeof ext === 'string' && ext !== '' ? { ext } : {}),
      dryRun,
    };
    return jobs.start('prune', settings, prune(admin, settings));
  },

  'POST /api/jobs/cancel': async ({ jobs }, { body }) => {
    jobs.cancel(findJob(jobs, body.id).id);
    return {};
  },
};

/** Accepts a file id, one with a leading slash, and a url that ends in one. */
function readFileId(given: unknown): string {
  const [fileId] = /[^/\s]+\/M[0-9A-F]{2}\/[^\s?#]+/.exec(readPastedId(String(given ?? ''))) ?? [];
  if (fileId === undefined) throw new UserError(400, 'This is not a file id, such as group1/M00/00/00/….jpg');
  parseFileId(fileId);
  return fileId;
}

function readGroup({ group }: Record<string, unknown>): { group?: string } {
  return typeof group === 'string' && group !== '' ? { group } : {};
}

function findJob(jobs: Jobs, id: unknown): Job {
  const job = jobs.get(String(id));
  if (!job) throw new UserError(404, 'There is no such job');
  return job;
}

/** Parts of the page that cannot be filled say why; the others are shown. */
function describeFailure(error: unknown): { error: string } {
  if (error instanceof FastDFSError) return { error: error.message };
  throw error;
}

/** Ends a long listing when the page is left. */
function signalOf(req: IncomingMessage): AbortSignal {
  const controller = new AbortController();
  req.once('close', () => controller.abort());
  return controller.signal;
}
