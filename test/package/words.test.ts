/** Sources, messages, test titles and documents are in plain technical English: none of the words that this project has replaced. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** As whole words; some have a meaning of their own in the field ("is told apart") that another word says as well. */
const REPLACED = [
  'told',
  'tells',
  'gone',
  'nobody',
  'whoever',
  'anew',
  'willing',
  'unwilling',
  'patience',
  'hears',
  'begun',
  'suffers?',
  'lessor',
  'tally',
  'is well',
  'says no',
  'as good as free',
  'none of ours',
  'handedOver',
  'unlessAborted',
  'worthElsewhere',
  'worthRetrying',
  'isWilling',
  'restAfter',
  'restsUntil',
  'settleUpload',
  'takeBack',
  'removePlaced',
  'HeldClient',
  'HandedOut',
  'clientOf',
  'ConsumerIdle',
];
const WORDS = new RegExp(`\\b(${REPLACED.join('|')})\\b|\\bas it is(?! \\w)`, 'i');

function filesIn(folder: string, pattern: RegExp): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => pattern.test(file) && !/node_modules|^test\/fixtures|^docs\/zh/.test(file));
}

/** Lines with a word of the list, as `file:line text`. */
function findWords(file: string, select: (line: string) => string = (line) => line): string[] {
  return readFileSync(path.join(root, file), 'utf8')
    .split('\n')
    .flatMap((line, index) =>
      WORDS.test(select(line)) ? `${file}:${index + 1} ${line.trim().slice(0, 120)}` : [],
    );
}

it('sources, the page of the example and the bench use the words of the field', () => {
  const files = [
    ...filesIn('src', /\.(ts|js|html|css)$/),
    ...filesIn('examples', /\.(ts|js|html|css)$/),
    ...filesIn('bench', /\.ts$/),
    ...filesIn('scripts', /\.(ts|js)$/),
  ];
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((file) => findWords(file))).toEqual([]);
});

it('so do the documents', () => {
  const documents = [
    ...filesIn('docs', /\.md$/),
    ...filesIn('examples', /\.md$/),
    'README.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'CHANGELOG.md',
    'bench/README.md',
  ];
  expect(documents.flatMap((file) => findWords(file))).toEqual([]);
});

it('so do the titles and comments of tests', () => {
  const title = /^\s*(it|describe|test|onEachServer|onEmbedded)\b.*|^\s*(\/\*\*|\*|\/\/).*/;
  const select = (line: string) => title.exec(line)?.[0] ?? '';
  const files = filesIn('test', /\.ts$/).filter((file) => file !== 'test/package/words.test.ts');
  expect(files.flatMap((file) => findWords(file, select))).toEqual([]);
});
