/** The page of the Express example, used as people use it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytes, sha256 } from '../helpers/bytes.js';
import { ExampleInBrowser, hasBrowser } from './browser.js';
import { png, wav } from './media.js';

const MIB = 1024 * 1024;

/** What the test needs of an `<audio>`; the types of the DOM are not loaded here. */
interface Sound {
  readonly duration: number;
  readonly error: object | null;
  readonly seeking: boolean;
  currentTime: number;
}

const title = hasBrowser
  ? 'the page of the Express example'
  : 'the page of the Express example (skipped: no chromium; set CHROMIUM_PATH)';

describe.skipIf(!hasBrowser)(title, () => {
  let example: ExampleInBrowser;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'page-test-'));
    example = await ExampleInBrowser.start();
  });

  afterAll(async () => {
    await example?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The tile of a file that is stored. */
  const stored = (name: string) => example.page.locator('.tile:not(.uploading)', { hasText: name });
  const uploading = (name: string) => example.page.locator('.tile.uploading', { hasText: name });

  /** A file on disk: the browser reads it as it does for users. */
  function file(name: string, content: Buffer): string {
    const full = path.join(folder, name);
    writeFileSync(full, content);
    return full;
  }

  async function pick(name: string, content: Buffer): Promise<void> {
    await example.page.setInputFiles('#picker', file(name, content));
  }

  /** Where the page saves a file from. */
  async function urlOf(name: string): Promise<string> {
    const href = await stored(name)
      .getByRole('link', { name: `Save ${name}` })
      .getAttribute('href');
    return new URL(href!, example.base).href;
  }

  async function contentOf(name: string): Promise<Buffer> {
    return Buffer.from(await (await fetch(await urlOf(name))).arrayBuffer());
  }

  it('uploads a picked picture, and shows a thumbnail that is its slave', async () => {
    const picture = png(640, 400);
    await pick('cat.png', picture);
    const image = stored('cat.png').locator('img[src*="_200x200.jpg"]');
    await image.waitFor();
    const source = (await image.getAttribute('src'))!;
    const fileId = new URL(await urlOf('cat.png')).pathname.slice('/f/'.length);
    expect(source).toBe(`f/${fileId.replace(/\.png$/, '')}_200x200.jpg`);
    const size = await example.page.evaluate(
      `fetch(${JSON.stringify(source)}).then((r) => r.blob()).then(createImageBitmap).then((b) => [b.width, b.height])`,
    );
    expect(size).toEqual([200, 200]);
    expect(sha256(await contentOf('cat.png'))).toBe(sha256(picture));
    expect(example.requests.some(({ path }) => path === '/u')).toBe(false);
  });

  it('uploads what is dropped, whatever its name', async () => {
    const transfer = await example.page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['dropped'], '世界 <b>&.txt', { type: 'text/plain' }));
      transfer.items.add(new File([], 'nothing.txt', { type: 'text/plain' }));
      return transfer;
    })()`);
    await example.page.dispatchEvent('#drop', 'dragover', { dataTransfer: transfer });
    await example.page.dispatchEvent('#drop', 'drop', { dataTransfer: transfer });
    await stored('世界 <b>&.txt').waitFor();
    await stored('nothing.txt').waitFor();
    expect((await contentOf('世界 <b>&.txt')).toString()).toBe('dropped');
    expect((await contentOf('nothing.txt')).length).toBe(0);
  });

  it('uploads with a plain form, too', async () => {
    await example.page.getByLabel('in one request').check();
    await pick('form.bin', bytes(300_000));
    await stored('form.bin').waitFor();
    expect(example.requests.some(({ method, path }) => method === 'POST' && path === '/u')).toBe(true);
    expect(sha256(await contentOf('form.bin'))).toBe(sha256(bytes(300_000)));
    await example.page.getByLabel('resumable').check();
  });

  it('shows progress, and can be paused and continued', async () => {
    const content = bytes(12 * MIB);
    example.slow = true;
    await pick('long.bin', content);
    const bar = uploading('long.bin').getByRole('progressbar');
    const progress = async () => Number(await bar.getAttribute('value'));
    await expect.poll(progress, { interval: 20, timeout: 5_000 }).toBeGreaterThan(0.05);
    const seen = await progress();
    await expect.poll(progress, { interval: 20, timeout: 5_000 }).toBeGreaterThan(seen);
    await uploading('long.bin').getByRole('button', { name: 'Pause long.bin' }).click();
    await uploading('long.bin').locator('.detail', { hasText: 'Paused' }).waitFor();
    const pausedAt = await progress();
    expect(pausedAt).toBeLessThan(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await progress()).toBe(pausedAt);
    example.slow = false;
    await uploading('long.bin').getByRole('button', { name: 'Resume long.bin' }).click();
    await stored('long.bin').waitFor();
    expect(sha256(await contentOf('long.bin'))).toBe(sha256(content));
  });

  it('goes on where it was after a dropped connection', async () => {
    const content = bytes(8 * MIB);
    example.slow = true;
    example.cutAfter(4 * MIB);
    const before = example.requests.length;
    await pick('dropped.bin', content);
    await uploading('dropped.bin').locator('.detail', { hasText: 'Connection lost' }).waitFor();
    example.slow = false;
    await stored('dropped.bin').waitFor();
    expect(sha256(await contentOf('dropped.bin'))).toBe(sha256(content));
    const tus = example.requests.slice(before).filter(({ path }) => path.startsWith('/tus'));
    const offsets = tus
      .filter(({ method }) => method === 'PATCH')
      .map(({ headers }) => Number(headers['upload-offset']));
    expect(tus.map(({ method }) => method)).toContain('HEAD');
    expect(offsets[0]).toBe(0);
    expect(offsets.at(-1)).toBeGreaterThan(0);
  });

  it('shows an unfinished upload after a reload, and continues it', async () => {
    const content = bytes(24 * MIB); // more than the system holds on its way
    example.slow = true;
    await pick('reloaded.bin', content);
    const bar = uploading('reloaded.bin').getByRole('progressbar');
    const progress = async () => Number(await bar.getAttribute('value'));
    await expect.poll(progress, { interval: 20 }).toBeGreaterThan(0.1);
    await example.open();
    await uploading('reloaded.bin').locator('.detail', { hasText: 'Choose the same file again' }).waitFor();
    expect(await progress()).toBeGreaterThan(0);
    example.slow = false;
    const before = example.requests.length;
    await example.page.setInputFiles('#picker', path.join(folder, 'reloaded.bin'));
    await stored('reloaded.bin').waitFor();
    expect(await uploading('reloaded.bin').count()).toBe(0);
    expect(sha256(await contentOf('reloaded.bin'))).toBe(sha256(content));
    const created = example.requests.slice(before).filter((r) => r.method === 'POST' && r.path === '/tus');
    expect(created).toEqual([]);
  });

  it('discards an unfinished upload', async () => {
    example.slow = true;
    await pick('discarded.bin', bytes(24 * MIB));
    const bar = uploading('discarded.bin').getByRole('progressbar');
    await expect
      .poll(async () => Number(await bar.getAttribute('value')), { interval: 20 })
      .toBeGreaterThan(0.05);
    await example.open();
    example.slow = false;
    await uploading('discarded.bin').getByRole('button', { name: 'Discard discarded.bin' }).click();
    await example.page.getByText('discarded.bin was cancelled').waitFor();
    await example.open();
    expect(await uploading('discarded.bin').count()).toBe(0);
  });

  it('reads the files of a folder that is dropped, of any depth', async () => {
    const names = await example.page.evaluate(`(async () => {
      const { readDropped } = await import('./folders.js');
      const file = (name) => ({ isFile: true, file: (resolve) => resolve(new File(['x'], name)) });
      const folder = (...children) => ({
        isFile: false,
        createReader: () => {
          const parts = [children, []];
          return { readEntries: (resolve) => resolve(parts.shift()) };
        },
      });
      const entry = folder(file('a.txt'), folder(file('b.txt'), folder()));
      const files = await readDropped({ items: [{ webkitGetAsEntry: () => entry }], files: [] });
      return files.map(({ name }) => name);
    })()`);
    expect(names).toEqual(['a.txt', 'b.txt']);
  });

  it('says in plain words that a group is down, and retries', async () => {
    const stop = (action: string) =>
      Promise.all(
        ['group1/0', 'group1/1', 'group2/0'].map((storage) =>
          fetch(new URL(`/cluster/${storage}/${action}`, example.base), { method: 'POST' }),
        ),
      );
    await stop('stop');
    await example.page.getByLabel('in one request').check();
    await pick('later.txt', Buffer.from('later'));
    const failed = uploading('later.txt').locator('.detail', { hasText: 'cannot be reached at the moment' });
    await failed.waitFor({ timeout: 60_000 });
    expect(await failed.textContent()).not.toMatch(/127\.0|M00|QUERY|status/);
    await stop('start');
    await example.page.locator('#verdict', { hasText: 'All storages work' }).waitFor({ timeout: 30_000 });
    await uploading('later.txt').getByRole('button', { name: 'Retry later.txt' }).click();
    await stored('later.txt').waitFor({ timeout: 30_000 });
    await example.page.getByLabel('resumable').check();
    example.expected.push(/the server responded with a status of 503/);
  }, 120_000);

  it('shows a text, copies a file id, and keeps the extension of a long name', async () => {
    const name = `${'a very long name '.repeat(6)}.txt`;
    await pick(name, Buffer.from('content of 文本'));
    await stored(name)
      .getByRole('button', { name: `Open ${name}` })
      .click();
    await example.page.locator('#viewer pre', { hasText: 'content of 文本' }).waitFor();
    await example.page.keyboard.press('Escape');
    await stored(name)
      .getByRole('button', { name: `Copy the file id of ${name}` })
      .click();
    await example.page.getByText('File id copied').waitFor();
    const fileId = (await example.page.evaluate('navigator.clipboard.readText()')) as string;
    expect(await urlOf(name)).toContain(`/f/${fileId}`);
    const tail = stored(name).locator('.name span').last();
    expect(await tail.textContent()).toBe('.txt');
    const { scrollWidth, offsetWidth } = await tail.evaluate((span) => {
      const { scrollWidth, offsetWidth } = span as unknown as { scrollWidth: number; offsetWidth: number };
      return { scrollWidth, offsetWidth };
    });
    expect(scrollWidth).toBeLessThanOrEqual(offsetWidth + 1);
  });

  it('deletes several selected files', async () => {
    for (const name of ['one.txt', 'two.txt']) {
      await pick(name, Buffer.from(name));
      await stored(name)
        .getByRole('checkbox', { name: `Select ${name}` })
        .check();
    }
    await example.page.getByText('2 selected').waitFor();
    await example.page.locator('#selection-delete').click();
    await example.page.locator('#question').getByRole('button', { name: 'Delete', exact: true }).click();
    await stored('one.txt').waitFor({ state: 'detached' });
    await stored('two.txt').waitFor({ state: 'detached' });
    expect(await example.page.locator('#selection').isVisible()).toBe(false);
  });

  it('seeks in a sound by asking for ranges', async () => {
    await pick('tone.wav', wav(100));
    await stored('tone.wav').getByRole('button', { name: 'Open tone.wav' }).click();
    const sound = example.page.locator('#viewer audio');
    await expect.poll(() => sound.evaluate((sound) => Math.round((sound as Sound).duration))).toBe(100);
    await sound.evaluate((sound) => {
      (sound as Sound).currentTime = 90;
    });
    await expect.poll(() => sound.evaluate((sound) => (sound as Sound).seeking)).toBe(false);
    expect(await sound.evaluate((sound) => (sound as Sound).error)).toBeNull();
    expect(await sound.evaluate((sound) => (sound as Sound).currentTime)).toBe(90);
    const ranges = example.requests.filter(({ path }) => path.endsWith('.wav')).map((r) => r.headers.range);
    expect(ranges.some((range) => /^bytes=[1-9]\d{6,}-/.test(range ?? ''))).toBe(true);
    await example.page.keyboard.press('Escape');
    await expect.poll(() => example.page.locator('#viewer').isVisible()).toBe(false);
  });

  it('copies a link that works for a while, with its token only', async () => {
    await stored('cat.png').getByRole('button', { name: 'Copy a link to cat.png' }).click();
    await example.page.getByText('Link copied').waitFor();
    const link = new URL((await example.page.evaluate('navigator.clipboard.readText()')) as string);
    const response = await fetch(link);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="?cat\.png/);
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    link.searchParams.set('ts', String(Number(link.searchParams.get('ts')) + 1));
    expect((await fetch(link)).status).toBe(403);
    link.search = '';
    expect((await fetch(link)).status).toBe(403);
  });

  it('deletes a file and its thumbnail, and keeps the keyboard user where they were', async () => {
    const url = await urlOf('cat.png');
    const thumbnail = await stored('cat.png').locator('img').getAttribute('src');
    const button = stored('cat.png').getByRole('button', { name: 'Delete cat.png' });
    await button.press('Enter');
    await example.page.getByRole('button', { name: 'Keep' }).press('Enter');
    expect(await stored('cat.png').count()).toBe(1);
    await button.press('Enter');
    await example.page
      .locator('#question')
      .getByRole('button', { name: 'Delete', exact: true })
      .press('Enter');
    await stored('cat.png').waitFor({ state: 'detached' });
    // The other storage of the group may have the files for a moment longer.
    for (const deleted of [url, new URL(thumbnail!, example.base)]) {
      await expect.poll(async () => (await fetch(deleted)).status, { timeout: 10_000 }).toBe(404);
    }
    const focused = "document.activeElement.closest('.tile, #files-title') !== null";
    await expect.poll(() => example.page.evaluate(focused)).toBe(true);
  });

  it('shows a storage that stops, while its files can still be read', async () => {
    const group1 = example.page.locator('.group', { hasText: 'group1' });
    const storage = group1.locator('.storage').first();
    await storage.getByText('ACTIVE').waitFor();
    await example.page.getByRole('button', { name: 'Read files in a loop' }).click();
    await storage.getByRole('button', { name: /^Stop storage/ }).click();
    await storage.getByText('OFFLINE').waitFor();
    await example.page.locator('#verdict', { hasText: 'Degraded' }).waitFor();
    const count = example.page.locator('#traffic-count');
    const read = async () => Number.parseInt((await count.textContent())!, 10);
    const before = await read();
    await expect.poll(read, { timeout: 10_000 }).toBeGreaterThan(before + 5);
    expect(await count.textContent()).toContain(', 0 failed');
    await example.page.getByRole('button', { name: 'Stop reading' }).click();
    await storage.getByRole('button', { name: /^Start storage/ }).click();
    await storage.getByText('ACTIVE').waitFor();
    await example.page.locator('#verdict', { hasText: 'All storages work' }).waitFor();
  });

  it('fits a phone, and does not jump while it loads', async () => {
    await example.page.setViewportSize({ width: 390, height: 844 });
    await example.page.addInitScript(`
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    `);
    await example.open();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await example.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await example.page.evaluate('window.shift')).toBeLessThan(0.01);
  });

  it.each(['en', 'zh'])('has no accessibility violations, in %s', async (language) => {
    await example.open(`?lang=${language}`);
    expect(await example.page.evaluate('document.documentElement.lang')).toMatch(new RegExp(`^${language}`));
    const heading = await example.page.locator('h1').textContent();
    expect(heading).toBe(language === 'zh' ? 'FastDFS 文件上传' : 'FastDFS uploads');
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const violations = await example.page.evaluate(`${axe}; axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`);
    expect(violations).toEqual([]);
  });

  it('did all that without an error, and loaded nothing from elsewhere', () => {
    const unexpected = example.problems.filter((each) => !example.expected.some((one) => one.test(each)));
    expect(unexpected).toEqual([]);
  });
});
