/** What holds for every request: safe headers, no foreign pages, errors as JSON. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ArgumentError, FastDFSError } from 'fastdfs-streams';
import multer from 'multer';

/**
 * Files come from strangers: a browser may show pictures and play sound, but must not run scripts, guess types or send
 * the address elsewhere. Other sites cannot embed them. Videos opened by themselves need their origin to play; scripts do not run
 * in either case. The page itself has a policy of its own.
 */
export const safeHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy':
      "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox allow-same-origin",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/** Names under which a browser on this machine reaches it. Behind a proxy: the name of your site. */
const OWN_HOST = /^(127\.0\.0\.1|localhost)(:\d+)?$/;

/**
 * Refuses requests that pages of other sites make, be it with a form or with a name that leads here. With logins you
 * need this as well.
 */
export const sameOrigin: RequestHandler = (req, res, next) => {
  const { host = '', origin } = req.headers;
  if (OWN_HOST.test(host) && (origin === undefined || origin === `${req.protocol}://${host}`)) next();
  else res.status(403).json({ error: 'This is for its own page only' });
};

export const notFound: RequestHandler = (_req, res) => {
  res.status(404).json({ error: 'There is nothing here' });
};

/** What a person can do something with; the message of a FastDFS error names servers and files of the cluster. */
const PLAIN: Record<number, string> = {
  404: 'There is no such file',
  413: 'The file is larger than this application allows',
  503: 'The file store cannot be reached at the moment; try again',
  507: 'The file store has no space left',
};

export const failures: ErrorRequestHandler = (error, _req, res, _next) => {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const isMistake = error instanceof multer.MulterError || error instanceof ArgumentError;
  const given = error.code === 'LIMIT_FILE_SIZE' ? 413 : (error.status ?? 500);
  const status = isMistake && given === 500 ? 400 : given;
  if (status === 503) res.set('Retry-After', '5');
  const message = error instanceof FastDFSError ? 'The file store could not do that' : error.message;
  res.status(status).json({ error: PLAIN[status] ?? message, code: error.code });
};
