/** Files of all kinds, and whether every storage lists them: no other, none twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FastDFSAdmin, FastDFSClient } from '../../src/index.js';
import { AT_ONCE, type FilesCluster } from './cluster-files.js';
import { count, mib, ms, row } from './report.js';

const FILES = Number(process.env.SOAK_FILES ?? 100_000);
/** Storages write their logs every second; to copy all files to each other they may need minutes. */
const REPLICATED_MS = 600_000;
/** Each stalls the replication of its group for seconds. */
const RENAMED_EVERY = 10_000;
const REMADE_EVERY = 1_000;
/** Each stalls it for a third of a second in 6.06. */
const APPENDED_EVERY = 100;
const EXTENSIONS = ['txt', 'old', 'jpg', 'mir', 'log'];

/** Plain and appender files, slaves, slaves of slaves, metadata, links of names: some removed, renamed, or made again. */
export async function storeFiles(client: FastDFSClient, title: string): Promise<Set<string>> {
  const known = new Set<string>();
  let made = 0;
  const started = performance.now();
  const slave = async (fileId: string, prefix: string, content: string) => {
    const { fileId: made } = await client.uploadSlave(fileId, prefix, Buffer.from(content), { ext: 'png' });
    return made;
  };
  const work = async () => {
    while (known.size < FILES) {
      const index = made++;
      const kind = index % 10;
      const content = Buffer.from(`file ${index} ${'x'.repeat(index % 300)}`);
      const { fileId } = await client.upload(content, {
        group: 'group1',
        ext: EXTENSIONS[Math.floor(index / 10) % EXTENSIONS.length]!,
        appender: kind === 3 || kind === 7,
        metadata: kind === 4 ? { index: String(index) } : undefined,
      });
      if (kind === 6 && index % 20 === 6) {
        await client.delete(fileId);
        continue;
      }
      if (index % APPENDED_EVERY === 3) await client.append(fileId, Buffer.from(' and more'));
      if (index % RENAMED_EVERY === 7) {
        known.add(await client.finalize(fileId));
        continue;
      }
      known.add(fileId);
      if (kind !== 5) continue;
      const first = await slave(fileId, '_thumb', `slave ${index}`);
      known.add(first);
      if (index % 50 === 5) known.add(await slave(first, '_x', `slave of slave ${index}`));
      if (index % REMADE_EVERY !== 15) continue;
      await client.delete(first);
      await slave(fileId, '_thumb', `slave ${index}, again`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  row(
    `${title}: files stored`,
    `${count(known.size)} by ${count(made)} uploads in ${ms(performance.now() - started)}`,
  );
  return known;
}

export async function compareLists(
  admin: FastDFSAdmin,
  { title, storages }: FilesCluster,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const { address } of storages) {
    const deadline = Date.now() + REPLICATED_MS;
    for (;;) {
      const started = performance.now();
      const seen = new Set<string>();
      let others = 0;
      let twice = 0;
      for await (const { fileId } of admin.listFiles('group1', { storage: address })) {
        if (!known.has(fileId)) others++;
        else if (seen.has(fileId)) twice++;
        else seen.add(fileId);
      }
      const duration = performance.now() - started;
      const exact = seen.size === known.size && others + twice === 0;
      if (!exact && Date.now() < deadline) {
        await delay(2_000);
        continue;
      }
      const rate = count(Math.round((seen.size / duration) * 1000));
      const figure = `${count(seen.size)} of ${count(known.size)} files, ${others} others, ${twice} twice, in ${ms(duration)} (${rate} a second)`;
      row(`${title}: list of ${address}`, figure, exact);
      break;
    }
  }
}

/** What a preloaded module prints when the process ends. */
const REPORT_RSS =
  'data:text/javascript,process.on("exit",()=>process.stderr.write("maxRSS "+process.resourceUsage().maxRSS))';

/** Runs the built command line, and measures its whole process. */
export async function listByCommand(
  { title, trackers }: FilesCluster,
  known: ReadonlySet<string>,
): Promise<void> {
  const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const choice = trackers.flatMap((tracker) => ['--tracker', tracker]);
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', REPORT_RSS, program, ...choice, 'ls', 'group1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  let lines = 0;
  let others = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    lines++;
    if (!known.has(line)) others++;
  }
  if (child.exitCode === null) await once(child, 'exit');
  const duration = performance.now() - started;
  const kib = Number(/maxRSS (\d+)/.exec(errors)?.[1]);
  const figure = `${count(lines)} files in ${ms(duration)} with the start of the program, RSS ${mib(kib * 1024)}`;
  row(`${title}: fdfs ls`, figure, lines === known.size && others === 0);
}
