/** Every TypeScript example of the documentation runs as it stands, on an embedded server, and type-checks. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { register } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { bytes } from '../helpers/bytes.js';
import { everyDocument } from '../helpers/markdown.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
/** Inside the checkout, so that the examples find the packages they import. */
const folder = path.join(root, 'build/documentation');

/** As a reader has them, but for the cluster and the ports. */
function saved(code: string, name: string, tracker: string): string {
  const file = path.join(folder, name);
  const here = code
    .replaceAll(/tracker\d?\.example\.com(:22122)?/g, tracker)
    .replaceAll(/\.listen\(\d+\)/g, ".listen(0, '127.0.0.1')");
  writeFileSync(file, here);
  return file;
}

/** Other test runners cannot be imported: they run as programs. */
function runnerOf(code: string): 'vitest' | 'node:test' | undefined {
  if (/from 'vitest'/.test(code)) return 'vitest';
  return /from 'node:test'/.test(code) ? 'node:test' : undefined;
}

async function runBy(runner: 'vitest' | 'node:test', file: string): Promise<string> {
  const { FDFS_TEST_TRACKERS: _trackers, ...env } = process.env;
  for (const key of Object.keys(env)) if (/^(VITEST|NODE_TEST|FORCE_COLOR)/.test(key)) delete env[key];
  env.NO_COLOR = '1';
  const vitest = [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', vitestConfig(file)];
  const node = ['--import', 'tsx', '--test', '--test-reporter=tap', file];
  const { stdout } = await run(process.execPath, runner === 'vitest' ? vitest : node, { cwd: root, env });
  return stdout;
}

function vitestConfig(file: string): string {
  const config = path.join(folder, 'vitest.config.mjs');
  const settings = { dir: folder, include: [path.relative(folder, file)], exclude: [] };
  writeFileSync(
    config,
    `import config from ${JSON.stringify(path.join(root, 'vitest.config.ts'))};\n` +
      `export default { resolve: config.resolve, test: ${JSON.stringify(settings)} };\n`,
  );
  return config;
}

/** What a reader tries first: a form goes in, and comes back where the example serves files. */
async function answers(server: Server, code: string): Promise<void> {
  if (!server.listening) await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const [, route, field] = /post\('([^']+)'.*?\.(?:single|array)\('(\w+)'/s.exec(code) ?? [];
  if (route === undefined) {
    expect((await fetch(url)).status).toBe(200);
    return;
  }
  const form = new FormData();
  form.append(field!, new Blob(['content']), 'note.txt');
  const answer = await fetch(url + route, { method: 'POST', body: form });
  const [stored] = [(await answer.json()) as Record<string, string>].flat();
  expect(stored!.fileId ?? stored!.key ?? stored!.id).toMatch(/^group1\/M00\/.*\.txt$/);
  if (!code.includes("app.use('/f', fdfsServe(")) return;
  expect(await (await fetch(`${url}/f/${stored!.fileId}`)).text()).toBe('content');
}

describe('the examples of', () => {
  let fdfs: EmbeddedFastDFS;
  let workingFolder: string;
  const original = process.cwd();

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start();
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // Decorators are read as the nearest file of settings says.
    const settings = { extends: path.join(root, 'tsconfig.json'), include: ['*.ts'] };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(settings));
    workingFolder = mkdtempSync(path.join(tmpdir(), 'fastdfs-readme-'));
    writeFileSync(path.join(workingFolder, 'photo.jpg'), bytes(100_000));
    process.chdir(workingFolder);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    // The same example in another language registers the same metrics.
    register.clear();
  });
  afterAll(async () => {
    process.chdir(original);
    rmSync(workingFolder, { recursive: true });
    rmSync(folder, { recursive: true });
    await fdfs.stop();
  });

  for (const { name, examples } of everyDocument()) {
    const page = name.replaceAll(/\W/g, '-');
    const titled = examples.map((code, index) => [code.match(/^import .*$/m)?.[0], index, code] as const);
    describe.skipIf(titled.length === 0)(name, () => {
      it.each(titled)('%s (example %i) run', async (_, index, code) => {
        const runner = runnerOf(code);
        const suffix = runner === undefined ? 'ts' : 'test.ts';
        const file = saved(code, `${page}-${index}.${suffix}`, fdfs.trackers[0]!);
        if (runner !== undefined) {
          expect(await runBy(runner, file)).toMatch(/Tests +\d+ passed|# fail 0/);
          return;
        }
        for (const method of ['log', 'error', 'warn', 'info', 'debug'] as const)
          vi.spyOn(console, method).mockImplementation(() => undefined);
        const { client, server } = await import(/* @vite-ignore */ file);
        if (server) await answers(server, code);
        server?.close();
        await client?.close();
      });
    });
  }

  it('all pages type-check as strictly as this package', async () => {
    const files = everyDocument().flatMap(({ name, examples }) =>
      examples.map((code, index) =>
        saved(code, `${name.replaceAll(/\W/g, '-')}-${index}.typed.ts`, fdfs.trackers[0]!),
      ),
    );
    const config = path.join(folder, 'tsconfig.json');
    writeFileSync(config, JSON.stringify({ extends: path.join(root, 'tsconfig.json'), files, include: [] }));
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', config]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });
});
