/** A mirror that is killed five times ends equal: nothing lost, nothing twice, content and metadata the same. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FastDFSAdmin, FastDFSClient } from '../../src/index.js';
import type { FilesCluster } from './cluster-files.js';
import { count, ms, row } from './report.js';

const KILLS = 5;
/** The storages of the tests write their logs every second. */
const SETTLE_SECONDS = 4;
const FIRST_RUN_MS = 4_000;
/** Of the extensions that files are stored with: a fifth of them. */
const EXT = 'mir';
const COMPARING = 16;

export async function mirrorKilled(
  client: FastDFSClient,
  admin: FastDFSAdmin,
  { title, trackers }: FilesCluster,
  known: ReadonlySet<string>,
  folder: string,
): Promise<void> {
  const map = join(folder, 'ids.jsonl');
  const script = `
    const { FastDFSAdmin } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
    const trackers = ${JSON.stringify(trackers)};
    const admin = new FastDFSAdmin({ trackers });
    const options = { map: ${JSON.stringify(map)}, group: 'group1', targetGroup: 'group2', ext: '${EXT}', settleSeconds: ${SETTLE_SECONDS} };
    const { failures, ...report } = await admin.mirror({ cluster: { trackers } }, options);
    if (failures.length > 0) console.error(failures.slice(0, 10), failures.length);
    process.exitCode = failures.length > 0 ? 1 : 0;
    await admin.close();`;
  const start = (): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  const sizes: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start();
    await delay(kill === 0 ? FIRST_RUN_MS : SETTLE_SECONDS * 1000 + FIRST_RUN_MS + kill * 700);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    sizes.push((await readCopies(map)).size);
  }
  const started = performance.now();
  const [code] = await once(start(), 'exit');
  const duration = performance.now() - started;
  await delay(SETTLE_SECONDS * 1000);
  const copies = await readCopies(map);
  const last = copies.size - sizes.at(-1)!;
  const targets = new Set(copies.values());
  let strays = 0;
  for await (const { fileId } of admin.listFiles('group2')) if (!targets.has(fileId)) strays++;
  // Their slaves and those of their slaves have another extension.
  const stems = new Set([...known].filter((fileId) => fileId.endsWith(`.${EXT}`)).map(getStem));
  const expected = [...known].filter((fileId) => stems.has(getStem(fileId)));
  const lost = expected.filter((fileId) => !copies.has(fileId)).length;
  const different = await compareCopies(client, copies);
  row(
    `${title}: mirror killed ${KILLS} times`,
    `${count(copies.size)} copies (${sizes.map(count).join(', ')} at the kills), ${lost} lost, ${strays} twice, ${different} different; ` +
      `the last ${count(last)} at ${count(Math.round((last / duration) * 1000))} a second (${ms(duration)})`,
    code === 0 && copies.size === expected.length && lost + strays + different === 0,
  );
}

/** What a master and its slaves have in common. */
function getStem(fileId: string): string {
  return fileId.slice(0, fileId.indexOf('/') + 38);
}

async function compareCopies(client: FastDFSClient, copies: ReadonlyMap<string, string>): Promise<number> {
  let different = 0;
  const queue = [...copies];
  const compare = async () => {
    for (let next = queue.pop(); next; next = queue.pop()) {
      const [[a, b], [x, y]] = await Promise.all([
        Promise.all(next.map((fileId) => client.download(fileId))),
        Promise.all(next.map((fileId) => client.getMetadata(fileId))),
      ]);
      if (!a!.equals(b!) || JSON.stringify(x) !== JSON.stringify(y)) different++;
    }
  };
  await Promise.all(Array.from({ length: COMPARING }, compare));
  return different;
}

async function readCopies(map: string): Promise<Map<string, string>> {
  const copies = new Map<string, string>();
  const text = await readFile(map, 'utf8').catch(() => '');
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    const { from, to } = JSON.parse(line) as { from?: string; to?: string };
    if (from !== undefined && to !== undefined) copies.set(from, to);
  }
  return copies;
}
