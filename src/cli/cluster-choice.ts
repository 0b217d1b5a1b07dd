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
    'no cluster is named: pass --conf or --tracker, set FDFS_CONF or FDFS_TRACKERS, or write {conf}; to try things out, start one with: fdfs dev',
    { conf: defaultConf },
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
          '{mapping} is not an address mapping; write announced=reachable, e.g. 172.17.0.2=files.example.com',
          { mapping: JSON.stringify(text) },
        );
      }
      return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
    }),
  );
}
