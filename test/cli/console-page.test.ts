/** The page of `fdfs console` in a real browser. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Console } from '../../src/cli/console/server.js';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSClient } from '../../src/index.js';
import { CHROMIUM, CHROMIUM_ARGS, hasBrowser } from '../examples/browser.js';
import { png } from '../examples/media.js';

describe.skipIf(!hasBrowser)('the page of the console (needs chromium)', () => {
  let fdfs: EmbeddedFastDFS;
  let client: FastDFSClient;
  let server: Console;
  let browser: Browser;
  let page: Page;
  let url: string;
  const problems: string[] = [];

  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({
      groups: { group1: 2, group2: 1 },
      binlogFlushMs: 0,
      syncDelayMs: 0,
    });
    client = createClient(fdfs.options);
    server = new Console(client, { host: '127.0.0.1', port: 0, allowDelete: true });
    url = await server.start();
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== url) problems.push(`request to ${request.url()}`);
    });
    await open();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await client?.close();
    await fdfs?.stop();
  });

  async function open(query = ''): Promise<void> {
    await page.goto(url + query);
    await page.locator('aside:not(.loading)').waitFor();
  }

  it('shows the cluster', async () => {
    await page.locator('#verdict', { hasText: 'All storages work' }).waitFor();
    expect(await page.locator('.storage').count()).toBe(3);
    expect(await page.locator('.storage button').count()).toBe(0);
  });

  it('lists by filter and by day, and pages', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 103; index++) {
      ids.push((await client.upload(`file ${index}`, { ext: 'lst', group: 'group2' })).fileId);
    }
    await page.locator('#filter-ext').fill('lst');
    await page.locator('#filter').getByRole('button', { name: 'List' }).click();
    const rows = page.locator('#files-table tbody tr');
    await expect.poll(() => rows.count()).toBe(100);
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(() => rows.count()).toBe(103);
    await page.getByRole('button', { name: 'Totals by day' }).click();
    const today = new Date().toISOString().slice(0, 10);
    await page.locator('#files-table').getByRole('button', { name: today }).click();
    await expect.poll(() => rows.count()).toBe(100);
    await client.deleteMany(ids);
    await page.locator('#filter-ext').fill('');
  });

  it('finds a file by its url: preview, metadata, checked copies, and deletes it', async () => {
    const { fileId } = await client.upload(png(20, 20), { ext: 'png', metadata: { author: '作者' } });
    await page.locator('#find-id').fill(`https://img.example.com/${fileId}?token=1`);
    await page.locator('#find').getByRole('button', { name: 'Open' }).click();
    const viewer = page.locator('#viewer');
    await viewer.locator('img').waitFor();
    await viewer.getByText('author=作者').waitFor();
    await viewer.getByRole('button', { name: 'Check the copies' }).click();
    await page.locator('.job', { hasText: 'done' }).first().waitFor({ state: 'attached' });
    await viewer.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.locator('#question').getByRole('button', { name: 'Delete' }).click();
    await viewer.waitFor({ state: 'hidden' });
    expect(await client.exists(fileId)).toBe(false);
  });

  it('says why there is nothing to show', async () => {
    await page.locator('#find-id').fill('nonsense');
    await page.locator('#find').getByRole('button', { name: 'Open' }).click();
    await page.locator('#find-failure', { hasText: 'not a file id' }).waitFor();
    problems.length = 0; // the browser reports the status 400
  });

  it('prunes after a question', async () => {
    const { fileId } = await client.upload('old', { ext: 'old' });
    await page.locator('#prune-age').fill('0s');
    await page.locator('#prune-ext').fill('old');
    await page.getByRole('button', { name: 'List what would be deleted' }).click();
    await page.locator('.job', { hasText: fileId }).waitFor();
    expect(await client.exists(fileId)).toBe(true);
    await page.locator('#prune-delete').click();
    await page.locator('#question').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => client.exists(fileId)).toBe(false);
  });

  it.each(['en', 'zh'])('has no accessibility violations and fits a phone, in %s', async (language) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open(`/?lang=${language}`);
    expect(await page.evaluate('document.documentElement.lang')).toMatch(new RegExp(`^${language}`));
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const violations = await page.evaluate(`${axe}; axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
    expect(violations).toEqual([]);
  });

  it('did all that without an error, and loaded nothing from elsewhere', () => {
    expect(problems).toEqual([]);
  });
});
