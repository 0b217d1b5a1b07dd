/** All files of a cluster at size: exact lists, bounded memory, a mirror that is killed five times. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient, FastDFSAdmin, type FastDFSClient } from '../../src/index.js';
import { count, mib, ms, row } from './report.js';

const FILES = 20_000;
const KILLS = 5;
const AT_ONCE = 48;
/** The storages of the tests write their logs every second. */
const SETTLE_SECONDS = 4;

/** @param trackers of a cluster with group1 and group2 */
export async function clusterFiles(trackers: readonly string[]): Promise<void> {
  const client = createClient({ trackers, pool: { maxPerServer: AT_ONCE } });
  const admin = new FastDFSAdmin(client);
  const folder = await mkdtemp(join(tmpdir(), 'soak-files-'));
  try {
    const known = await storeFiles(client);
    await delay(SETTLE_SECONDS * 1000);
    await compareLists(admin, known);
    await mirrorKilled(client, admin, trackers, known, folder);
    for await (const file of admin.listFiles('group2')) known.add(file.fileId);
    await client.deleteMany([...known].sort().reverse(), { concurrency: AT_ONCE });
  } finally {
    await admin.close();
    await client.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Plain and appender files, slaves, metadata; some removed again. */
async function storeFiles(client: FastDFSClient): Promise<Set<string>> {
  const known = new Set<string>();
  let made = 0;
  const started = performance.now();
  const work = async () => {
    while (made < FILES) {
      const index = made++;
      const appender = index % 10 === 3;
      const metadata = index % 10 === 4 ? { index: String(index) } : undefined;
      const content = Buffer.from(`file ${index} ${'x'.repeat(index % 300)}`);
      const { fileId } = await client.upload(content, { group: 'group1', ext: 'txt', appender, metadata });
      if (index % 10 === 6) await client.delete(fileId);
      else known.add(fileId);
      if (index % 10 !== 5) continue;
      known.add(
        (await client.uploadSlave(fileId, '_thumb', Buffer.from(`slave ${index}`), { ext: 'jpg' })).fileId,
      );
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  row('files stored for the lists', `${count(known.size)} in ${ms(performance.now() - started)}`);
  return known;
}

async function compareLists(admin: FastDFSAdmin, known: ReadonlySet<string>): Promise<void> {
  for (const { id } of await admin.listStorages('group1')) {
    const started = performance.now();
    let found = 0;
    let others = 0;
    for await (const { fileId } of admin.listFiles('group1', { storage: id })) {
      if (known.has(fileId)) found++;
      else others++;
    }
    const figure = `${count(found)} of ${count(known.size)} files, ${others} others, in ${ms(performance.now() - started)}`;
    row(`list of storage ${id}`, `${figure}, RSS ${mib(process.memoryUsage().rss)}`, found === known.size);
  }
}

async function mirrorKilled(
  client: FastDFSClient,
  admin: FastDFSAdmin,
  trackers: readonly string[],
  known: ReadonlySet<string>,
  folder: string,
): Promise<void> {
  const map = join(folder, 'ids.jsonl');
  const script = `
    const { FastDFSAdmin } = await import(${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)});
    const trackers = ${JSON.stringify(trackers)};
    await using admin = new FastDFSAdmin({ trackers });
    const options = { map: ${JSON.stringify(map)}, group: 'group1', targetGroup: 'group2', settleSeconds: ${SETTLE_SECONDS} };
    console.log(JSON.stringify(await admin.mirror({ cluster: { trackers } }, options)));`;
  const start = (): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start();
    await delay(SETTLE_SECONDS * 1000 + 4_000 + kill * 700);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  const last = start();
  const [code] = await once(last, 'exit');
  await delay(SETTLE_SECONDS * 1000);
  const copies = await readCopies(map);
  const targets = new Set(copies.values());
  let strays = 0;
  for await (const { fileId } of admin.listFiles('group2')) if (!targets.has(fileId)) strays++;
  const lost = [...known].filter((fileId) => !copies.has(fileId)).length;
  let different = 0;
  const queue = [...copies];
  const compare = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [from, to] = next;
      const [a, b] = await Promise.all([client.download(from), client.download(to)]);
      if (!a.equals(b)) different++;
    }
  };
  await Promise.all(Array.from({ length: 16 }, compare));
  const figure = `${count(copies.size)} copies, ${lost} lost, ${strays} twice, ${different} different`;
  row(`mirror killed ${KILLS} times`, figure, code === 0 && lost + strays + different === 0);
}

async function readCopies(map: string): Promise<Map<string, string>> {
  const copies = new Map<string, string>();
  for (const line of (await readFile(map, 'utf8')).trim().split('\n')) {
    const { from, to } = JSON.parse(line) as { from?: string; to?: string };
    if (from !== undefined && to !== undefined) copies.set(from, to);
  }
  return copies;
}
