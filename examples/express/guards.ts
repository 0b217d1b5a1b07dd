/** What holds for every request: safe headers, no foreign pages, errors as JSON. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ArgumentError } from 'fastdfs-streams';
import multer from 'multer';

/**
 * Strangers chose the files: a browser may show pictures and play sound, but must run nothing, guess nothing, and
 * tell nobody the address. Other sites cannot embed them. Without their origin, videos opened by themselves would not
 * play; scripts do not run either way. The page itself has a policy of its own.
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

export const failures: ErrorRequestHandler = (error, _req, res, _next) => {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const isMistake =
    error instanceof multer.MulterError || (error instanceof ArgumentError && error.status === 500);
  const status = error.code === 'LIMIT_FILE_SIZE' ? 413 : isMistake ? 400 : (error.status ?? 500);
  res.status(status).json({ error: error.message, code: error.code });
};
