/**
 * Joins the modules below `src` into a few files, because Node takes three times as long to import them one by one. Entry points
 * share what they have in common, so that `instanceof` holds from one to another.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const exported = Object.values(manifest.exports).map((entry) => entry.default ?? []);
const entryPoints = [...exported.flat(), ...Object.values(manifest.bin)].map((file) =>
  path.posix.relative('dist', file).replace(/\.js$/, ''),
);

/** @type {import('rolldown').RolldownOptions} */
export default {
  input: Object.fromEntries(entryPoints.map((entry) => [entry, path.resolve('src', `${entry}.ts`)])),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts'] } },
  tsconfig: false,
  output: {
    dir: 'dist',
    chunkFileNames: 'shared/[name]-[hash].js',
    // A stack trace under `node --enable-source-maps` names the files of `src`.
    sourcemap: true,
    // Editors show the comments of the declarations; in the code they would be a quarter of it.
    comments: { legal: true, annotation: true, jsdoc: false },
  },
};
