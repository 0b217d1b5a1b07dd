/** Copies files to a directory or another cluster: masters first, then their slaves, each once whatever happens. */
import { createClient, FastDFSClient } from '../../client.js';
import { ArgumentError } from '../../core/base/errors.js';
import {
  type Checks,
  checkOptions,
  functionOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { MAX_TIMER_MS } from '../../core/model/limits.js';
import { type ClusterAccess, joinSignals } from '../access.js';
import { adminChecks } from '../checks.js';
import { createFilter, filterChecks } from '../listing/filter.js';
import { ListingJoin } from '../listing/join.js';
import type { FileListing } from '../listing/types.js';
import { ClusterTarget } from './cluster-target.js';
import { DirectoryTarget } from './directory-target.js';
import { IdMap } from './id-map.js';
import { MirrorRun } from './run.js';
import type { CopyTarget } from './target.js';
import type { MirrorOptions, MirrorReport, MirrorTarget } from './types.js';

const DEFAULT_CONCURRENCY = 8;
const DEFAULT_SETTLE_SECONDS = 65;

const mirrorChecks: Checks<MirrorOptions> = {
  ...adminChecks,
  ...filterChecks,
  map: stringOption,
  group: stringOption,
  targetGroup: stringOption,
  concurrency: integerOption(1, 64),
  settleSeconds: integerOption(0, 3600),
  silenceTimeoutMs: integerOption(1, MAX_TIMER_MS),
  onProgress: functionOption,
};

/** Lists a cluster by an admin of its own. */
export type ListCluster = (
  client: FastDFSClient,
  group: string | undefined,
  newerThan: Date,
  signal: AbortSignal,
) => FileListing;

/** @throws ArgumentError for a wrong option or target, before anything is read */
export async function mirror(
  access: ClusterAccess,
  target: MirrorTarget,
  options: MirrorOptions,
  list: ListCluster,
): Promise<MirrorReport> {
  checkOptions('mirror()', options, mirrorChecks);
  if (options?.map === undefined) throw new ArgumentError('mirror() needs `map`: the path of the id map');
  if (options.group !== undefined) checkGroup(options.group);
  if (options.targetGroup !== undefined) checkGroup(options.targetGroup);
  const signal = joinSignals(access, options.signal);
  const report: MirrorReport = { copied: 0, bytes: 0, skipped: 0, updated: 0, adopted: 0, failures: [] };
  const copies = openTarget(access, target, options, list);
  const join = new ListingJoin(access, { ...options, signal });
  let map: IdMap | undefined;
  try {
    map = await IdMap.open(options.map, ({ from, to, size }) => join.add(`${from} ${to} ${size}`));
    await copies.prepare();
    const recovered = await recover(copies, map, options.map, signal);
    const run = new MirrorRun({
      access,
      target: copies,
      map,
      report,
      recovered,
      signal,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      onProgress: options.onProgress,
      // A directory shows itself what is in it.
      writesStarts: 'cluster' in target,
    });
    const matches = createFilter(options);
    await run.copyParts(join.read(), matches);
    return report;
  } finally {
    await map?.close();
    await join.close();
    await copies.close();
  }
}

function openTarget(
  access: ClusterAccess,
  target: MirrorTarget,
  { targetGroup, settleSeconds = DEFAULT_SETTLE_SECONDS }: MirrorOptions,
  list: ListCluster,
): CopyTarget {
  if (target && 'directory' in target && typeof target.directory === 'string') {
    return new DirectoryTarget(access.client, target.directory);
  }
  if (!target || !('cluster' in target)) {
    throw new ArgumentError('The target of mirror() must be { directory } or { cluster }');
  }
  const owned = !(target.cluster instanceof FastDFSClient);
  const client = createClient(target.cluster);
  return new ClusterTarget(access.client, client, {
    group: targetGroup,
    settleMs: settleSeconds * 1000,
    list: (newerThan, signal) => list(client, targetGroup, newerThan, signal),
    close: async () => {
      if (owned) await client.close();
    },
  });
}

async function recover(
  target: CopyTarget,
  { started }: IdMap,
  path: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  if (!target.recover) return new Map();
  // Few are looked for, so the map is read again rather than kept.
  const removeMapped = async (candidates: Map<string, unknown>) => {
    const again = await IdMap.open(path, ({ to }) => void candidates.delete(to));
    await again.close();
  };
  return await target.recover(started, removeMapped, signal);
}
