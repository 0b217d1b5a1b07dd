/** The page and the two libraries that it uses, all served from here: the page loads nothing from other hosts. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const LIBRARIES = {
  '/lib/tus.js': 'tus-js-client/dist/tus.min.js',
  '/lib/uplot.js': 'uplot/dist/uPlot.esm.js',
  '/lib/uplot.css': 'uplot/dist/uPlot.min.css',
};

/** The page's own files, and those that it shares with `fdfs console`. */
const FOLDERS = ['page', '../../src/cli/console/assets/shared'].map((folder) =>
  path.join(import.meta.dirname, folder),
);

export function pageRoutes(): Router {
  const router = Router();
  for (const [url, module] of Object.entries(LIBRARIES)) {
    const { dir: root, base } = path.parse(fileURLToPath(import.meta.resolve(module)));
    router.get(url, (_req, res) => res.sendFile(base, { root }));
  }
  const setHeaders = (res: express.Response) => res.set('Content-Security-Policy', POLICY);
  for (const folder of FOLDERS) router.use(express.static(folder, { index: 'page.html', setHeaders }));
  return router;
}
