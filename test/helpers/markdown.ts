/** What the tests of the documentation need to know of a Markdown file. */
import { readdirSync, readFileSync } from 'node:fs';

const ROOT = new URL('../../', import.meta.url);

export interface Document {
  /** From the root of the repository: `docs/testing.md`. */
  readonly name: string;
  readonly text: string;
  /** The contents of its `ts` fences, in order. Fences of other languages are not run. */
  readonly examples: readonly string[];
  readonly headings: readonly string[];
  /** Rows of each table in order, heads not counted; a row is its cells. */
  readonly tables: readonly (readonly (readonly string[])[])[];
  /** Where its links and pictures lead, but for those to other sites. */
  readonly links: readonly string[];
}

export function readDocument(name: string): Document {
  const text = readFileSync(new URL(name, ROOT), 'utf8');
  const prose = text.replaceAll(/^```.*?^```/gms, '');
  return {
    name,
    text,
    examples: [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!),
    headings: [...prose.matchAll(/^#+ .*$/gm)].map(([line]) => line),
    tables: [...prose.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) =>
      table.trim().split('\n').slice(2).map(cellsOf),
    ),
    links: [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^https?:/.test(target)),
  };
}

/** Both READMEs and every page under docs. */
export function everyDocument(): Document[] {
  return [
    ...englishDocuments(),
    ...englishDocuments()
      .map(({ name }) => chineseNameOf(name))
      .map(readDocument),
  ];
}

/** The README and every page under docs, in English. */
export function englishDocuments(): Document[] {
  const pages = readdirSync(new URL('docs', ROOT), { recursive: true, encoding: 'utf8' })
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.md') && !name.startsWith('docs/zh/'));
  return ['README.md', ...pages.toSorted()].map(readDocument);
}

/** Returns where the Chinese counterpart of a page is. */
export function chineseNameOf(name: string): string {
  return name === 'README.md' ? 'README.zh-CN.md' : name.replace(/^docs\//, 'docs/zh/');
}

/** The anchor that GitHub makes of a heading. */
export function anchorOf(heading: string): string {
  return heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** A bar inside of code is written `\|`. */
function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}
