/** Reads the sources to prove what the folders promise: who may import whom, and how large a file may get. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** From the top down: a file imports from its own folder and from those below it. */
const FOLDERS = [
  'cli',
  'adapters',
  'index.ts',
  'admin',
  'client.ts',
  'streams/upload',
  'streams/download',
  'streams/append',
  'core/files',
  'core/cluster',
  'core/net',
  'core/config',
  'core/protocol',
  'core/model',
  'core/base',
];
const PUBLIC = /^(index|embedded\/index|adapters\/[^/]+\/index)\.ts$/;
/** Narrower than the order: what these import beside their own files. */
const NARROW = [
  { files: /^cli\//, imports: PUBLIC },
  { files: /^embedded\//, imports: /^core\/(protocol|model|base)\// },
  { files: /^core\/protocol\//, imports: /^core\/(model|base)\// },
];

function filesIn(folder: string): { file: string; text: string }[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => ({
      file: file.replaceAll('\\', '/'),
      text: readFileSync(path.join(root, folder, file), 'utf8'),
    }));
}

const sources = filesIn('src');
const imports = new Map(
  sources.map(({ file, text }) => {
    const found = text.matchAll(/(?:\bfrom|\bimport)[\s(]+'(\.[^']+)\.js'/g);
    return [file, [...found].map(([, to]) => `${path.posix.join(path.posix.dirname(file), to!)}.ts`)];
  }),
);
const arrows = [...imports].flatMap(([from, targets]) => targets.map((to) => ({ from, to })));
const show = ({ from, to }: { from: string; to: string }) => `${from} → ${to}`;
const within = (file: string, folder: string) => file === folder || file.startsWith(`${folder}/`);
const levelOf = (file: string) => FOLDERS.findIndex((folder) => within(file, folder));
const isEmbedded = (file: string) => within(file, 'embedded');

/** A way through the imports that ends where it began. */
function cycleFrom(file: string, way: string[], clean: Set<string>): string[] | undefined {
  if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
  if (clean.has(file)) return undefined;
  for (const next of imports.get(file) ?? []) {
    const cycle = cycleFrom(next, [...way, file], clean);
    if (cycle) return cycle;
  }
  clean.add(file);
  return undefined;
}

it('every source file stands in a folder of the list, and every import leads to one', () => {
  const homeless = sources.map(({ file }) => file).filter((file) => levelOf(file) < 0 && !isEmbedded(file));
  expect(homeless).toEqual([]);
  expect(arrows.filter(({ to }) => !imports.has(to)).map(show)).toEqual([]);
});

it('imports never lead upwards', () => {
  const upwards = arrows.filter(({ from, to }) => {
    if (isEmbedded(from)) return false;
    if (isEmbedded(to)) return !within(from, 'cli');
    return levelOf(to) < levelOf(from);
  });
  expect(upwards.map(show)).toEqual([]);
});

it.each(NARROW)('files in $files import only $imports and each other', ({ files, imports: allowed }) => {
  const strays = arrows.filter(({ from, to }) => files.test(from) && !files.test(to) && !allowed.test(to));
  expect(strays.map(show)).toEqual([]);
});

/** What several adapters use. */
const SHARED = ['shared', 'indexes'];

it('adapters import nothing of each other but what they share', () => {
  const adapterOf = (file: string) => /^adapters\/([^/]+)\//.exec(file)?.[1];
  const strays = arrows.filter(({ from, to }) => {
    const [own, other] = [adapterOf(from), adapterOf(to)];
    // MulterModule is Nest's door to multer.
    const isForNest = own === 'nest' && to === 'adapters/multer/index.ts';
    return own !== undefined && other !== undefined && !SHARED.includes(other) && own !== other && !isForNest;
  });
  expect(strays.map(show)).toEqual([]);
});

it('no files import each other in a circle', () => {
  const clean = new Set<string>();
  const cycle = sources.map(({ file }) => cycleFrom(file, [], clean)).find((way) => way !== undefined);
  expect(cycle?.join(' → ')).toBeUndefined();
});

it('no file is longer than 400 lines', () => {
  const all = [...sources, ...filesIn('test')].map(({ file, text }) => ({
    file,
    lines: text.split('\n').length - 1,
  }));
  expect(all.filter(({ lines }) => lines > 400)).toEqual([]);
});

it('no source file gives up on types', () => {
  const comment = /^\s*(\/?\*|\/\/)/;
  const found = sources.flatMap(({ file, text }) =>
    text
      .split('\n')
      .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
      .filter(
        ({ line }) => /@ts-\w/.test(line) || (!comment.test(line) && /(:|\bas|[<,|&])\s*any\b/.test(line)),
      )
      .map(({ line, at }) => `${at} ${line.trim()}`),
  );
  expect(found).toEqual([]);
});
