/**
 * Joins the modules below `src` into a few files, because Node takes three times as long to import them one by one. Entry points
 * share what they have in common, so that `instanceof` holds from one to another. What `import()` loads is not joined with the rest.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const exported = Object.values(manifest.exports).map((entry) => entry.default ?? []);
const entryPoints = [...exported.flat(), ...Object.values(manifest.bin)].map((file) =>
  path.posix.relative('dist', file).replace(/\.js$/, ''),
);

const sourceOf = (entry) => path.resolve('src', `${entry}.ts`);

/** Adds a module and what it loads at once: its imports and theirs, without `import()`. */
function addLoaded(id, context, loaded) {
  if (loaded.has(id)) return;
  loaded.add(id);
  for (const imported of context.getModuleInfo(id)?.importedIds ?? []) addLoaded(imported, context, loaded);
}

/** Returns whether an entry point loads a module at once. */
function loads(entry, id, context) {
  const loaded = new Set();
  addLoaded(sourceOf(entry), context, loaded);
  return loaded.has(id);
}

/**
 * What the main entry point loads at once stands in two files, one of which the embedded servers use, too. Rolldown alone would cut
 * off a piece for each set of modules that some `import()` shares, and many files take longer to open.
 */
const FILES = [
  {
    name: (id, context) =>
      loads('index', id, context) && loads('embedded/index', id, context) ? 'protocol' : null,
    debugName: 'protocol',
    priority: 2,
  },
  {
    name: (id, context) => (loads('index', id, context) ? 'client' : null),
    debugName: 'client',
    priority: 1,
  },
];

/** @type {import('rolldown').RolldownOptions} */
export default {
  input: Object.fromEntries(entryPoints.map((entry) => [entry, sourceOf(entry)])),
  external: (id) => !id.startsWith('.') && !path.isAbsolute(id),
  platform: 'node',
  resolve: { extensionAlias: { '.js': ['.ts'] } },
  tsconfig: false,
  output: {
    dir: 'dist',
    codeSplitting: { groups: FILES },
    chunkFileNames: 'shared/[name]-[hash].js',
    // A stack trace under `node --enable-source-maps` names the files of `src`.
    sourcemap: true,
    // Editors show the comments of the declarations; in the code they would be a quarter of it.
    comments: { legal: true, annotation: true, jsdoc: false },
  },
};
