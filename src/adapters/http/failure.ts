/** Short replies for what cannot be served. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';

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
