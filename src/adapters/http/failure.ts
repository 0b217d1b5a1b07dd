/** What goes wrong, in the words of HTTP. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { FastDFSClient } from '../../client.js';
import {
  ClosedError,
  FastDFSError,
  isNotFound,
  NetworkError,
  ServerError,
  TimeoutError,
} from '../../core/base/errors.js';
import { isGone } from '../shared/is-gone.js';

/** Storages that say so may do better in a moment: busy, out of memory, not active. */
const PASSING = new Set([12, 16, 64, 110]);

/**
 * 404 where there is no such file. 503 where the cluster cannot be asked at the moment, 502 where it answered with
 * something that makes no sense, 500 for anything else.
 */
export async function statusFor(client: FastDFSClient, error: unknown, fileId: string): Promise<number> {
  if (isNotFound(error)) return (await isGone(client, error, fileId)) ? 404 : 503;
  if (error instanceof ServerError) return PASSING.has(error.serverStatus) ? 503 : 502;
  if (error instanceof NetworkError || error instanceof TimeoutError || error instanceof ClosedError)
    return 503;
  return error instanceof FastDFSError ? 502 : 500;
}

/** A short text reply. */
export function refuse(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: object = {},
): void {
  const text = `${STATUS_CODES[status]}\n`;
  res.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': text.length,
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  res.end(req.method === 'HEAD' ? undefined : text);
}
