/** What the documentation says is complete, the same in both languages, and leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import * as classic from '../../src/adapters/classic/index.js';
import { createProgram } from '../../src/cli/program.js';
import { CHECKS as CLIENT_OPTIONS, DEFAULTS } from '../../src/core/config/client-options.js';
import { UPLOAD_OPTIONS } from '../../src/streams/upload/plan.js';
import {
  anchorOf,
  chineseNameOf,
  type Document,
  englishDocuments,
  everyDocument,
  readDocument,
} from '../helpers/markdown.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const english = englishDocuments();
const chinese = english.map(({ name }) => readDocument(chineseNameOf(name)));
const languages = [
  { language: 'English', documents: english },
  { language: 'Chinese', documents: chinese },
];

/** The first cells of all tables, without the marks of code. */
function firstCells(documents: readonly Document[]): string[] {
  return documents.flatMap(({ tables }) => tables.flat().map(([cell]) => cell!.replaceAll('`', '')));
}

/** Commands that do something, with the words that lead to them: `upload`, `meta get`. */
function collectCommands({ commands }: Command, path = ''): string[] {
  return commands.flatMap((command) =>
    command.commands.length > 0
      ? collectCommands(command, `${path}${command.name()} `)
      : [path + command.name()],
  );
}

function sources(directory = path.join(root, 'src')): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join(directory, name), 'utf8'));
}

it.each(['README.md', 'README.zh-CN.md'])('%s is short and shows code by line 30', (name) => {
  const { text } = readDocument(name);
  expect(text.slice(0, text.indexOf('```ts')).split('\n').length).toBeLessThan(30);
  expect(text.split('\n').length).toBeLessThanOrEqual(300);
});

describe.each(languages)('the documents in $language', ({ documents }) => {
  const cells = firstCells(documents);

  it('explain every option of a client', () => {
    const nested = {
      pool: DEFAULTS.pool,
      retry: DEFAULTS.retry,
      locationCache: DEFAULTS.locationCache,
      spool: { directory: '', maxBytes: 0 },
    };
    const keys = Object.keys(CLIENT_OPTIONS).flatMap((key) =>
      Object.hasOwn(nested, key)
        ? Object.keys(nested[key as keyof typeof nested]).map((inner) => `${key}.${inner}`)
        : [key],
    );
    expect(keys.length).toBeGreaterThan(10);
    expect(cells).toEqual(expect.arrayContaining(keys));
  });

  it('give the defaults of the package', () => {
    const rows = documents.flatMap(({ tables }) => tables.flat());
    const documented = new Map(rows.map(([cell, value]) => [cell!.replaceAll('`', ''), value]));
    const number = (name: string) => Number(documented.get(name)!.replaceAll(',', ''));
    const { connectTimeoutMs, networkTimeoutMs, ...groups } = DEFAULTS;
    expect([number('connectTimeoutMs'), number('networkTimeoutMs')]).toEqual([
      connectTimeoutMs,
      networkTimeoutMs,
    ]);
    for (const [group, values] of Object.entries(groups))
      for (const [key, value] of Object.entries(values)) expect(number(`${group}.${key}`)).toBe(value);
  });

  it('explain every option of an upload', () => {
    const keys = Object.keys(UPLOAD_OPTIONS);
    expect(keys.length).toBeGreaterThan(10);
    expect(cells).toEqual(expect.arrayContaining(keys));
  });

  it('explain every error code, and no other', () => {
    const raised = new Set(sources().flatMap((text) => text.match(/(?<=')FASTDFS_[A-Z_]+(?=')/g) ?? []));
    const explained = new Set(cells.filter((cell) => /^FASTDFS_[A-Z_]+$/.test(cell)));
    expect([...explained].toSorted()).toEqual([...raised].toSorted());
  });

  it('name every command', () => {
    const { text } = documents.find(({ name }) => name.endsWith('/reference/cli.md'))!;
    const commands = collectCommands(createProgram(async () => {}));
    expect(commands.length).toBeGreaterThan(30);
    expect(commands.filter((command) => !new RegExp(`\`${command}[\` ]`).test(text))).toEqual([]);
  });

  it('name every entry point', () => {
    const entries = Object.keys(manifest.exports).filter((entry) => /^\.\/[\w-]+$/.test(entry));
    expect(cells).toEqual(expect.arrayContaining(entries.map((entry) => `fastdfs-streams${entry.slice(1)}`)));
  });

  it('translate every classic verb', () => {
    const page = documents.filter(({ name }) => name.endsWith('/reference/classic.md'));
    const verbs = new Set(
      firstCells(page)
        .map((cell) => /^fdfs_\w+/.exec(cell)?.[0])
        .filter(Boolean),
    );
    expect([...verbs].toSorted()).toEqual(Object.keys(classic).toSorted());
  });
});

describe.each(english.map((page, index) => ({ name: page.name, page, other: chinese[index]! })))(
  '$name and its Chinese counterpart',
  ({ page, other }) => {
    it('have the same headings, examples and tables', () => {
      const levels = ({ headings }: Document) => headings.map((heading) => /^#+/.exec(heading)![0]);
      expect(levels(other)).toEqual(levels(page));
      const code = ({ examples }: Document) =>
        examples.map((example) => example.replaceAll(/ *\/\/ .*$/gm, '').trim());
      expect(code(other)).toEqual(code(page));
      const shape = ({ tables }: Document) => tables.map((rows) => rows.map((cells) => cells.length));
      expect(shape(other)).toEqual(shape(page));
      const names = (document: Document) => firstCells([document]).filter((cell) => /^[\w.]+$/.test(cell));
      expect(names(other)).toEqual(names(page));
    });

    it('give the same figures', () => {
      const figures = (text: string) => text.match(/\d(?:[\d,.]*\d)?/g);
      const cells = ({ tables }: Document) =>
        tables.map((rows) => rows.map((row) => row.slice(1).map(figures)));
      expect(cells(other)).toEqual(cells(page));
    });
  },
);

it('the measured figures are the same in both languages, in prose, too', () => {
  const figures = (name: string) => readDocument(name).text.match(/\d(?:[\d,.]*\d)?/g)!;
  expect(figures('docs/measured.md').length).toBeGreaterThan(20);
  expect(figures('docs/zh/measured.md')).toEqual(figures('docs/measured.md'));
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
  const documented = readDocument('docs/operating.md').tables.map((rows) =>
    rows.map(([cell]) => cell!.replaceAll('`', '')),
  );
  expect(documented).toEqual(expect.arrayContaining([channels, ...fields]));
});

describe.each(everyDocument())('$name', ({ name, text, headings, links }) => {
  it('links to what exists', () => {
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

  it('names files that exist', () => {
    for (const [file] of text.matchAll(/(?<=`)(?:test|src|examples|bench)\/[\w./-]+(?=`)/g))
      expect(existsSync(path.join(root, file)), file).toBe(true);
    for (const [file] of text.matchAll(
      /(?<=`)(?:core|streams|adapters|admin|cli|embedded)\/[\w./-]+\.ts(?=`)/g,
    ))
      expect(existsSync(path.join(root, 'src', file)), file).toBe(true);
  });
});
