/** Reads the sources to prove what the folders promise: who may import whom, and how large a file may get. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** From the bottom up: a file imports files of its own level and below. */
const LEVELS = [
  /^core\/(abort|block|check|diagnostics|errors|file-id|metadata|names|address|rotate|token|protocol\/[^/]+)\.ts$/,
  /^core\/(options|config\/[^/]+|net\/[^/]+)\.ts$/,
  /^core\/(exchange|send-exchange|receive-exchange|retry|url)\.ts$/,
  /^core\/cluster\/[^/]+\.ts$/,
  /^core\/(engine|destination|uploaded|upload-content|download)\.ts$/,
  /^(streams\/[^/]+|files)\.ts$/,
  /^client\.ts$/,
  /^admin\/[^/]+\.ts$/,
  /^index\.ts$/,
];
/** Beside the levels: what each of these imports but its own files. */
const APART = [
  { files: /^adapters\//, imports: new RegExp(`${LEVELS[0]!.source}|^(client|index)\\.ts$`) },
  { files: /^embedded\//, imports: LEVELS[0]! },
  { files: /^cli\//, imports: /^(index|embedded\/index|adapters\/http)\.ts$/ },
];

function filesIn(folder: string): { file: string; text: string }[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
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
const levelOf = (file: string) => LEVELS.findIndex((level) => level.test(file));
const apart = (file: string) => APART.find(({ files }) => files.test(file));

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

it('every source file has its level, and every import leads to one', () => {
  expect(sources.map(({ file }) => file).filter((file) => levelOf(file) < 0 && !apart(file))).toEqual([]);
  expect(arrows.filter(({ to }) => !imports.has(to)).map(show)).toEqual([]);
});

it('imports never lead upwards', () => {
  const upwards = arrows.filter(({ from, to }) => !apart(from) && (apart(to) || levelOf(to) > levelOf(from)));
  expect(upwards.map(show)).toEqual([]);
});

it.each(APART)(
  'files in $files import nothing but $imports and each other',
  ({ files, imports: allowed }) => {
    const strays = arrows.filter(({ from, to }) => files.test(from) && !files.test(to) && !allowed.test(to));
    expect(strays.map(show)).toEqual([]);
  },
);

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
