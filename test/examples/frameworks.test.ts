/** The examples for other frameworks than Express, as users start them. */
import { afterEach, expect, it } from 'vitest';
import { parseFileId } from '../../src/index.js';
import { start } from '../adapters/tus/harness.js';
import { bytes } from '../helpers/bytes.js';
import { RunningExample } from './run-example.js';

const open: RunningExample[] = [];
afterEach(() => {
  for (const example of open.splice(0)) example.stop();
});

async function run(path: string): Promise<{ example: RunningExample; url: string }> {
  const running = await RunningExample.start(path);
  open.push(running.example);
  return running;
}

it.each(['koa', 'nest'])('%s: stores the file of a form', async (framework) => {
  const { url } = await run(`examples/${framework}/app.ts`);
  const form = new FormData();
  form.append('file', new Blob([bytes(100_000)]), 'a.png');
  const response = await fetch(url, { method: 'POST', body: form });
  const { fileId, size } = (await response.json()) as { fileId: string; size: number };
  expect(size).toBe(100_000);
  expect(parseFileId(fileId)).toMatchObject({ size: 100_000, extension: 'png' });
});

it('tus: stores an upload that comes in several requests', async () => {
  const { example, url } = await run('examples/tus/app.ts');
  const said = example.nextLine();
  await start(bytes(500_000), { endpoint: url, chunkSize: 200_000, metadata: { filename: '世界.png' } }).done;
  const line = await said;
  expect(line).toMatch(/^世界\.png is stored as group1\//);
  expect(parseFileId(line.split(' ').at(-1)!)).toMatchObject({
    kind: 'normal',
    size: 500_000,
    extension: 'png',
  });
});
