/** Which cluster is meant: by option, by environment, or by the file that every FastDFS program knows. */
import { existsSync } from 'node:fs';
import { UsageError } from './exit.js';

export interface ClusterOptions {
  conf?: string;
  tracker?: string[];
  /** Values of `--map`: `announced=reachable`, and for `mirror` the file of its id map, too. */
  map?: string[];
}

export type ClusterChoice = { readonly conf: string } | { readonly trackers: string | string[] };

export const DEFAULT_CONF = '/etc/fdfs/client.conf';

export const CLUSTER_HELP = `Which cluster (the first one that is given counts):
  --conf <file>, or --tracker <host:port> once or several times
  FDFS_CONF       path of a client.conf
  FDFS_TRACKERS   host:port,host:port,…
  ${DEFAULT_CONF}

Storages that announce addresses which cannot be reached from here:
  --map <announced=reachable> once or several times, e.g. 172.17.0.2=files.example.com
  FDFS_MAP        announced=reachable,announced=reachable,…
  map_address = announced=reachable in the client.conf`;

/** @throws UsageError when nothing names a cluster */
export function chooseCluster(
  { conf, tracker }: ClusterOptions,
  env: NodeJS.ProcessEnv = process.env,
  defaultConf = DEFAULT_CONF,
): ClusterChoice {
  if (conf !== undefined) return { conf };
  if (tracker !== undefined) return { trackers: tracker };
  if (env.FDFS_CONF) return { conf: env.FDFS_CONF };
  if (env.FDFS_TRACKERS) return { trackers: env.FDFS_TRACKERS };
  if (existsSync(defaultConf)) return { conf: defaultConf };
  throw new UsageError(
    `no cluster is named: pass --conf or --tracker, set FDFS_CONF or FDFS_TRACKERS, or write ${defaultConf}; to try things out, start one with: fdfs dev`,
  );
}

/** Takes the file of the id map out of the values of `--map`: it is the one that is not `announced=reachable`. */
export function takeIdMap(options: ClusterOptions): string | undefined {
  const isFile = (text: string) => !/^[^=/\\]+=/.test(text);
  const file = options.map?.find(isFile);
  const mapping = options.map?.filter((text) => text !== file);
  if (mapping?.length) options.map = mapping;
  else delete options.map;
  return file;
}

/**
 * The address mapping of the command line, else of the environment. Texts that are not addresses are refused by the client.
 * @throws UsageError for a text without `=`
 */
export function chooseMapping(
  { map }: ClusterOptions,
  env: NodeJS.ProcessEnv = process.env,
): Record<string, string> | undefined {
  const texts = map ?? env.FDFS_MAP?.split(',').filter((text) => text.trim() !== '');
  if (texts === undefined || texts.length === 0) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals < 1) {
        throw new UsageError(
          `${JSON.stringify(text)} is not an address mapping; write announced=reachable, e.g. 172.17.0.2=files.example.com`,
        );
      }
      return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
    }),
  );
}
