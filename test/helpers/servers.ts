/** The same tests on two servers: the embedded one always, a real one where there is one. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { EmbeddedFastDFS } from '../../src/embedded/index.js';
import { createClient, type FastDFSClient, type FastDFSOptions } from '../../src/index.js';
import type { RealCluster } from './real/real-cluster.js';
import { canStartCluster, hasRealServer, shareCluster, startCluster } from './real/shared-cluster.js';

export interface TestServer {
  readonly name: 'embedded' | 'real';
  readonly trackers: string[];
  /** A client that is closed, and checked for leaks, after the test. */
  client(options?: Partial<FastDFSOptions>): FastDFSClient;
}

export interface EmbeddedTestServer extends TestServer {
  /** Faults, and a look inside. */
  readonly fdfs: EmbeddedFastDFS;
  /** After this test files may be left: their names cannot be known. */
  allowLeftovers(): void;
}

/** Starting a real cluster takes seconds, and another attempt where a storage does not join. */
const REAL_START_MS = 160_000;
const GROUPS = { group1: 2, group2: 1 };

/** @param alone for tests that list a whole cluster: they start a real one of their own where they can */
export function onEachServer(
  title: string,
  body: (server: TestServer) => void,
  { alone = false } = {},
): void {
  describe(`${title} (embedded server)`, () => body(embeddedServer()));
  describe.skipIf(!hasRealServer())(`${title} (real server)`, () => body(realServer(alone)));
}

export function onEmbedded(title: string, body: (server: EmbeddedTestServer) => void): void {
  describe(title, () => body(embeddedServer()));
}

function embeddedServer(): EmbeddedTestServer {
  let fdfs: EmbeddedFastDFS;
  let leftoversAllowed = false;
  const clients = new ManagedClients(() => fdfs.trackers);
  beforeAll(async () => {
    fdfs = await EmbeddedFastDFS.start({ groups: GROUPS, storeLookup: 0, syncFileMaxTimeMs: 0 });
  });
  afterEach(async () => {
    await clients.closeAndCheck();
    const left = leftoversAllowed ? [] : fdfs.files().map(({ fileId }) => fileId);
    leftoversAllowed = false;
    fdfs.reset();
    expect(left, 'files were left on the server').toEqual([]);
  });
  afterAll(() => fdfs.stop());
  return {
    name: 'embedded',
    get trackers() {
      return fdfs.trackers;
    },
    get fdfs() {
      return fdfs;
    },
    client: (options) => clients.make(options),
    allowLeftovers: () => {
      leftoversAllowed = true;
    },
  };
}

function realServer(alone: boolean): TestServer {
  let trackers: string[] = [];
  let own: RealCluster | undefined;
  const clients = new ManagedClients(() => trackers);
  beforeAll(async () => {
    if (alone && canStartCluster()) own = await startCluster();
    trackers = own?.trackers ?? (await shareCluster());
  }, REAL_START_MS);
  afterEach(() => clients.closeAndCheck());
  afterAll(() => own?.stop());
  return {
    name: 'real',
    get trackers() {
      return trackers;
    },
    client: (options) => clients.make(options),
  };
}

class ManagedClients {
  readonly #trackers: () => string[];
  readonly #open: FastDFSClient[] = [];

  constructor(trackers: () => string[]) {
    this.#trackers = trackers;
  }

  make(options: Partial<FastDFSOptions> = {}): FastDFSClient {
    const client = createClient({ trackers: this.#trackers(), ...options });
    this.#open.push(client);
    return client;
  }

  async closeAndCheck(): Promise<void> {
    for (const client of this.#open.splice(0)) {
      // Polled: a query that others share may outlive the call that was aborted by a moment.
      await expect.poll(() => inUse(client), { message: 'connections that are still leased' }).toEqual([]);
      await client.close();
    }
  }
}

function inUse(client: FastDFSClient): string[] {
  return Object.entries(client.stats()).flatMap(([server, { leased, waiting }]) =>
    leased + waiting > 0 ? [`${server}: ${leased} leased, ${waiting} waiting`] : [],
  );
}
