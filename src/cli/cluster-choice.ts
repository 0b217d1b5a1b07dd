/** Which cluster is meant: by option, by environment, or by the file that every FastDFS program knows. */
import { existsSync } from 'node:fs';
import { UsageError } from './exit.js';

export interface ClusterOptions {
  conf?: string;
  tracker?: string[];
}

export type ClusterChoice = { readonly conf: string } | { readonly trackers: string[] };

export const DEFAULT_CONF = '/etc/fdfs/client.conf';

export const CLUSTER_HELP = `Which cluster (the first one that is given counts):
  --conf <file>, or --tracker <host:port> once or several times
  FDFS_CONF       path of a client.conf
  FDFS_TRACKERS   host:port,host:port,…
  ${DEFAULT_CONF}`;

/** @throws UsageError when nothing names a cluster */
export function chooseCluster(
  { conf, tracker }: ClusterOptions,
  env: NodeJS.ProcessEnv = process.env,
  defaultConf = DEFAULT_CONF,
): ClusterChoice {
  if (conf !== undefined) return { conf };
  if (tracker !== undefined) return { trackers: tracker };
  if (env.FDFS_CONF) return { conf: env.FDFS_CONF };
  if (env.FDFS_TRACKERS) return { trackers: splitList(env.FDFS_TRACKERS) };
  if (existsSync(defaultConf)) return { conf: defaultConf };
  throw new UsageError(
    `no cluster is named: pass --conf or --tracker, set FDFS_CONF or FDFS_TRACKERS, or write ${defaultConf}; to try things out, start one with: fdfs dev`,
  );
}

/** At commas, but not at those between the two addresses of one tracker: `[inner,outer]:port`. */
function splitList(list: string): string[] {
  return list
    .split(/,(?![^[]*\])/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}
