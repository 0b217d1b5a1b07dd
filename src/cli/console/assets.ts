/** The files of the console's page: its own, those that the page of the Express example uses as well, and uPlot. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDERS = ['page', 'shared'].map((name) =>
  fileURLToPath(new URL(`./assets/${name}/`, import.meta.url)),
);
const LIBRARIES: Readonly<Record<string, string>> = {
  '/lib/uplot.js': 'uplot/dist/uPlot.esm.js',
  '/lib/uplot.css': 'uplot/dist/uPlot.min.css',
};
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Serves the file at this path. Returns false where there is none. */
export async function serveAsset(pathname: string, res: ServerResponse): Promise<boolean> {
  const file = await findAsset(pathname === '/' ? '/index.html' : pathname);
  if (file === undefined) return false;
  res.writeHead(200, { 'Content-Type': TYPES[path.extname(file)], 'Cache-Control': 'no-cache' });
  createReadStream(file)
    .on('error', (error) => res.destroy(error))
    .pipe(res);
  return true;
}

async function findAsset(pathname: string): Promise<string | undefined> {
  const library = LIBRARIES[pathname];
  if (library !== undefined) return fileURLToPath(import.meta.resolve(library));
  // One name, no folder: nothing outside of the folders can be meant.
  if (!/^\/[\w-]+\.(html|js|css|svg)$/.test(pathname)) return undefined;
  for (const folder of FOLDERS) {
    const file = path.join(folder, pathname);
    if (
      await stat(file).then(
        (stats) => stats.isFile(),
        () => false,
      )
    )
      return file;
  }
  return undefined;
}
