/** One flipped byte, one missing replica and one file that should not be there are found, and nothing else. */
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastDFSAdmin, type FastDFSClient, parseFileId, type VerifyFault } from '../../src/index.js';
import type { FilesCluster } from './cluster-files.js';
import { count, mib, ms, row } from './report.js';

/** Larger than what goes into trunk files. */
const LARGE = Buffer.alloc(2 * 1024 * 1024, 'large');
const WAIT_MS = 120_000;
/** A file that was put back by hand is known by its time. */
const LATER_MS = 6_000;

export async function findFaults(
  client: FastDFSClient,
  admin: FastDFSAdmin,
  { title, storages, trunk }: FilesCluster,
  known: Set<string>,
): Promise<void> {
  const store = async (name: string) => {
    const content = trunk ? LARGE : Buffer.from(`this file will be ${name}`);
    return (await client.upload(content, { group: 'group1', ext: 'txt' })).fileId;
  };
  const [flipped, missing, extra] = [await store('flipped'), await store('missing'), await store('extra')];
  const second = storages[1]!;
  const pathOf = (fileId: string, storage = second) => {
    const { storePathIndex, remoteFilename } = parseFileId(fileId);
    return join(storage.storePaths[storePathIndex]!, 'data', remoteFilename.slice(4));
  };
  for (const storage of storages) {
    for (const fileId of [flipped, missing, extra]) await waitFor(pathOf(fileId, storage), true);
  }
  const [content, removed, kept] = await Promise.all(
    [flipped, missing, extra].map((id) => readFile(pathOf(id))),
  );
  await client.delete(extra);
  for (const storage of storages) await waitFor(pathOf(extra, storage), false);
  await delay(LATER_MS);
  const broken = Buffer.from(content!);
  broken[7]! ^= 1;
  await writeFile(pathOf(flipped), broken);
  await rm(pathOf(missing));
  await writeFile(pathOf(extra), kept!);

  const started = performance.now();
  const verification = admin.verify({ group: 'group1', concurrency: 16 });
  const faults: VerifyFault[] = [];
  for await (const fault of verification) faults.push(fault);
  const duration = performance.now() - started;
  const { files, copies, bytes } = verification.summary;
  const found = faults.map(({ problem, fileId, address }) => `${problem} ${fileId} ${address}`).sort();
  const expected = [`different ${flipped}`, `missing ${missing}`, `extra ${extra}`];
  const ok =
    found.join() ===
    expected
      .map((fault) => `${fault} ${second.address}`)
      .sort()
      .join();
  for (const fault of ok ? [] : faults.slice(0, 20)) console.log(fault);
  const seconds = duration / 1000;
  row(
    `${title}: verify`,
    `${faults.length} faults, 3 made, in ${count(files)} files, ${count(copies)} copies, ${mib(bytes)}; ${ms(duration)}: ` +
      `${count(Math.round(files / seconds))} files, ${mib(bytes / seconds)} a second`,
    ok && files === known.size + 3,
  );
  await writeFile(pathOf(flipped), content!);
  await writeFile(pathOf(missing), removed!);
  await rm(pathOf(extra));
  known.add(flipped).add(missing);
}

async function waitFor(path: string, there: boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while ((await stat(path).then(Boolean, () => false)) !== there) {
    if (Date.now() > deadline) throw new Error(`${path} is ${there ? 'not there' : 'still there'}`);
    await delay(200);
  }
}
