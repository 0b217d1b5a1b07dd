/** The Express example in a real browser, with a proxy in between that can be slow and can break connections. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { TcpProxy } from '../helpers/proxy.js';
import { RunningExample } from './run-example.js';

export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
export const CHROMIUM_ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** While slow, a chunk of an upload takes this long. */
const CHUNK_MS = 12;

export const hasBrowser = existsSync(CHROMIUM);

export class ExampleInBrowser {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly base: string;
  /** What must not be: errors in the console, requests to others. */
  readonly problems: string[] = [];
  /** Messages that a test provokes. */
  readonly expected: RegExp[] = [];
  /** Every request of the page. */
  readonly requests: { method: string; path: string; headers: Record<string, string> }[] = [];
  slow = false;
  readonly #app: RunningExample;
  readonly #browser: Browser;
  readonly #proxy: TcpProxy;
  #cutAfter: number | undefined;

  private constructor(
    app: RunningExample,
    proxy: TcpProxy,
    browser: Browser,
    context: BrowserContext,
    page: Page,
  ) {
    this.#app = app;
    this.#proxy = proxy;
    this.#browser = browser;
    this.context = context;
    this.page = page;
    this.base = `http://127.0.0.1:${proxy.port}`;
    proxy.hooks = { request: (chunk, send, socket) => this.#pass(chunk, send, socket) };
    page.setDefaultTimeout(10_000);
    page.on('pageerror', (error) => this.problems.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      // What a test breaks, browsers tell whatever the page does; so they do of answers that make the client go on.
      const broken = /net::ERR_(CONNECTION|EMPTY_RESPONSE|SOCKET)/.test(message.text());
      const sortedOut = message.text().includes('409') && /\/tus\b/.test(message.location().url);
      if (!broken && !sortedOut) this.problems.push(`console: ${message.text()} ${message.location().url}`);
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.protocol === 'blob:' || url.protocol === 'data:') return;
      if (url.origin !== this.base) this.problems.push(`request to ${url.origin}`);
      this.requests.push({ method: request.method(), path: url.pathname, headers: request.headers() });
    });
  }

  static async start(): Promise<ExampleInBrowser> {
    const { example: app, url } = await RunningExample.start('examples/express/app.ts');
    const proxy = await TcpProxy.to('127.0.0.1', Number(new URL(url).port));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const example = new ExampleInBrowser(app, proxy, browser, context, await context.newPage());
    await example.open();
    return example;
  }

  /** Loads the page, and waits until it shows all that the server sends. */
  async open(query = ''): Promise<void> {
    await this.page.goto(this.base + query);
    await this.page.locator('aside:not(.loading)').waitFor();
    await this.page.locator('#files:not(.loading)').waitFor();
  }

  /** Breaks the connection after so many more bytes. */
  cutAfter(bytes: number): void {
    this.#cutAfter = bytes;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.#proxy.close();
    await this.#app.stop();
  }

  #pass(chunk: Buffer, send: (chunk: Buffer) => void, socket: import('node:net').Socket): void {
    send(chunk);
    if (this.#cutAfter !== undefined) {
      this.#cutAfter -= chunk.length;
      if (this.#cutAfter < 0) {
        this.#cutAfter = undefined;
        socket.destroy();
        return;
      }
    }
    if (!this.slow) return;
    socket.pause();
    setTimeout(() => socket.resume(), CHUNK_MS);
  }
}
