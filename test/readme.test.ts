/** Every TypeScript example of the README runs as it stands, on an embedded server. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EmbeddedFastDFS } from '../src/embedded/index.js';
import { bytes } from './helpers/bytes.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => match[1]!);
/** Inside the checkout, so that the examples find the packages they import. */
const folder = new URL('../node_modules/.cache/readme/', import.meta.url);

describe('README', () => {
  let fdfs: EmbeddedFastDFS;
  let workingFolder: string;
  const original = process.cwd();

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start();
    mkdirSync(folder, { recursive: true });
    workingFolder = mkdtempSync(path.join(tmpdir(), 'fastdfs-readme-'));
    writeFileSync(path.join(workingFolder, 'photo.jpg'), bytes(100_000));
    process.chdir(workingFolder);
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    process.chdir(original);
    rmSync(workingFolder, { recursive: true });
    rmSync(folder, { recursive: true });
    await fdfs.stop();
  });

  it('shows code by line 30', () => {
    const line = readme.slice(0, readme.indexOf('```ts')).split('\n').length;
    expect(line).toBeLessThan(30);
  });

  it.each(examples.map((code, index) => [code.match(/^import .*$/m)?.[0], index, code] as const))(
    '%s (example %i) runs',
    async (_, index, code) => {
      vi.spyOn(console, 'log').mockImplementation(() => undefined);
      const file = new URL(`example-${index}.ts`, folder);
      writeFileSync(file, code.replaceAll(/tracker\d?\.example\.com(:22122)?/g, fdfs.trackers[0]!));
      const loaded = await import(/* @vite-ignore */ file.pathname);
      await loaded.client?.close();
    },
  );
});
