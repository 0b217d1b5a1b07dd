/** What the documentation says is complete, the same in both languages, and leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import * as classic from '../../src/adapters/classic/index.js';
import { DEFAULTS } from '../../src/core/config/client-options.js';
import { anchorOf, everyDocument, readDocument } from '../helpers/markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const english = readDocument('README.md');
const chinese = readDocument('README.zh-CN.md');
const readmes = [english, chinese];

/** The first cells of a README's tables, without the marks of code. */
function firstCells({ tables }: typeof english): string[] {
  return tables.flat().map(([cell]) => cell!.replaceAll('`', ''));
}

/** The keys of a `const KEYS: Record<keyof …, true>`, which the compiler keeps complete. */
function keysOf(file: string): string[] {
  const [, list] = /const KEYS: Record<keyof \w+, true> = \{(.*?)\}/s.exec(
    readFileSync(path.join(root, file), 'utf8'),
  )!;
  return [...list!.matchAll(/(\w+): true/g)].map((match) => match[1]!);
}

function sources(directory = path.join(root, 'src')): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join(directory, name), 'utf8'));
}

describe.each(readmes)('$name', (readme) => {
  const cells = firstCells(readme);

  it('shows code by line 30', () => {
    const line = readme.text.slice(0, readme.text.indexOf('```ts')).split('\n').length;
    expect(line).toBeLessThan(30);
  });

  it('explains every option of a client', () => {
    const nested = { pool: DEFAULTS.pool, retry: DEFAULTS.retry, locationCache: DEFAULTS.locationCache };
    const keys = keysOf('src/core/config/client-options.ts').flatMap((key) =>
      Object.hasOwn(nested, key)
        ? Object.keys(nested[key as keyof typeof nested]).map((inner) => `${key}.${inner}`)
        : [key],
    );
    expect(keys.length).toBeGreaterThan(10);
    expect(cells).toEqual(expect.arrayContaining(keys));
  });

  it('tells the defaults that the package has', () => {
    const told = new Map(readme.tables.flat().map(([cell, value]) => [cell!.replaceAll('`', ''), value]));
    const number = (name: string) => Number(told.get(name)!.replaceAll(',', ''));
    const { connectTimeoutMs, networkTimeoutMs, ...groups } = DEFAULTS;
    expect([number('connectTimeoutMs'), number('networkTimeoutMs')]).toEqual([
      connectTimeoutMs,
      networkTimeoutMs,
    ]);
    for (const [group, values] of Object.entries(groups))
      for (const [key, value] of Object.entries(values)) expect(number(`${group}.${key}`)).toBe(value);
  });

  it('explains every option of an upload', () => {
    const keys = keysOf('src/streams/upload/options.ts');
    expect(keys.length).toBeGreaterThan(10);
    expect(cells).toEqual(expect.arrayContaining(keys));
  });

  it('explains every error code, and none that there is not', () => {
    const raised = new Set(sources().flatMap((text) => text.match(/(?<=')FASTDFS_[A-Z_]+(?=')/g) ?? []));
    const explained = cells.filter((cell) => /^FASTDFS_/.test(cell));
    expect(explained.toSorted()).toEqual([...raised].toSorted());
  });

  it('names every entry point', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => /^\.\/[\w-]+$/.test(entry));
    expect(cells).toEqual(expect.arrayContaining(entries.map((entry) => `fastdfs-streams${entry.slice(1)}`)));
  });

  it('translates every classic verb', () => {
    const verbs = new Set(cells.map((cell) => /^fdfs_\w+/.exec(cell)?.[0]).filter(Boolean));
    expect([...verbs].toSorted()).toEqual(Object.keys(classic).toSorted());
  });
});

it('both READMEs have the same headings, examples and tables', () => {
  const levels = ({ headings }: typeof english) => headings.map((heading) => /^#+/.exec(heading)![0]);
  expect(levels(chinese)).toEqual(levels(english));
  const code = ({ examples }: typeof english) =>
    examples.map((example) => example.replaceAll(/ *\/\/ .*$/gm, '').trim());
  expect(code(chinese)).toEqual(code(english));
  const shape = ({ tables }: typeof english) => tables.map((rows) => rows.map((cells) => cells.length));
  expect(shape(chinese)).toEqual(shape(english));
  const names = (readme: typeof english) => firstCells(readme).filter((cell) => /^[\w.]+$/.test(cell));
  expect(names(chinese)).toEqual(names(english));
});

it('both READMEs tell the same figures', () => {
  const figures = (text: string) => text.match(/\d(?:[\d,.]*\d)?/g);
  const cells = ({ tables }: typeof english) =>
    tables.map((rows) => rows.map((row) => row.slice(1).map(figures)));
  expect(cells(chinese)).toEqual(cells(english));
  // What was measured is told in prose, too.
  const measured = ({ text }: typeof english, heading: string) =>
    figures(text.split(/^## /m).find((section) => section.startsWith(heading))!);
  expect(measured(english, 'Measured')!.length).toBeGreaterThan(20);
  expect(measured(chinese, '实测数据')).toEqual(measured(english, 'Measured'));
});

it('the page on operating names every channel, and every field of an event', () => {
  const source = readFileSync(path.join(root, 'src/core/base/diagnostics.ts'), 'utf8');
  const fields = [...source.matchAll(/^export interface \w+Event \{(.*?)^\}/gms)].map(([, body]) =>
    [...body!.matchAll(/^ {2}(?:readonly )?(\w+):/gm)].map(([, name]) => name!),
  );
  expect(fields).toHaveLength(2);
  const channels = ['command', 'connect'].flatMap((what) =>
    ['start', 'end', 'error'].map((when) => `fastdfs-streams:${what}:${when}`),
  );
  const told = readDocument('docs/operating.md').tables.map((rows) =>
    rows.map(([cell]) => cell!.replaceAll('`', '')),
  );
  expect(told).toEqual(expect.arrayContaining([channels, ...fields]));
});

describe.each(everyDocument())('$name', ({ name, text, headings, links }) => {
  it('links to what there is', () => {
    const anchors = new Map([[name, headings.map(anchorOf)]]);
    for (const link of links) {
      const [target = '', anchor] = link.split('#');
      const file = target === '' ? name : path.join(path.dirname(name), target);
      expect(existsSync(path.join(root, file)), link).toBe(true);
      if (anchor === undefined) continue;
      const known = anchors.get(file) ?? readDocument(file).headings.map(anchorOf);
      expect(known, link).toContain(decodeURIComponent(anchor));
    }
  });

  it('names files that there are', () => {
    for (const [file] of text.matchAll(/(?<=`)(?:test|src|examples|bench)\/[\w./-]+(?=`)/g))
      expect(existsSync(path.join(root, file)), file).toBe(true);
  });
});
