/** `fdfs dev --like FILE`: what a tracker.conf or storage.conf says, as options of the embedded servers. */
import { readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { EmbeddedOptions } from '../../embedded/index.js';
import { UsageError } from '../exit.js';

const UNITS: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/**
 * Reads the settings of the files that the embedded servers have, too; the rest is ignored.
 * @param directory where the files of the cluster will be kept: a percentage is one of its disk
 * @throws UsageError when a file cannot be read
 */
export function readLike(
  files: readonly string[],
  groups: Record<string, number>,
  directory = tmpdir(),
): EmbeddedOptions {
  const values = new Map(files.flatMap((file) => readPairs(file)));
  const options: EmbeddedOptions = {};
  const whole = (key: string) => (values.has(key) ? Number.parseInt(values.get(key)!, 10) || 0 : undefined);
  const seconds = (key: string) => (values.has(key) ? (whole(key) ?? 0) * 1000 : undefined);
  const flag = (key: string) => (values.has(key) ? /^(true|yes|on|1)$/i.test(values.get(key)!) : undefined);
  const set = <Key extends keyof EmbeddedOptions>(key: Key, value: EmbeddedOptions[Key]) => {
    if (value !== undefined) options[key] = value;
  };
  set('storeLookup', whole('store_lookup') as EmbeddedOptions['storeLookup']);
  if (options.storeLookup === 1) set('storeGroup', values.get('store_group'));
  set('storeServer', whole('store_server') as EmbeddedOptions['storeServer']);
  set('storePath', whole('store_path') as EmbeddedOptions['storePath']);
  set('downloadServer', whole('download_server') as EmbeddedOptions['downloadServer']);
  set('trunk', flag('use_trunk_file'));
  set('storageIds', flag('use_storage_id') || undefined);
  set('maxConnections', whole('max_connections'));
  set('networkTimeoutMs', seconds('network_timeout'));
  set('syncFileMaxTimeMs', seconds('storage_sync_file_max_time'));
  set('binlogFlushMs', seconds('sync_binlog_buff_interval'));
  set('storePaths', whole('store_path_count'));
  set('reservedBytes', readSpace(values.get('reserved_storage_space'), directory));
  const priority = whole('upload_priority');
  if (priority !== undefined) {
    const lists = Object.entries(groups).map(([name, count]) => [
      name,
      new Array<number>(count).fill(priority),
    ]);
    set('uploadPriorities', Object.fromEntries(lists) as Record<string, number[]>);
  }
  return options;
}

function readPairs(file: string): Array<[string, string]> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError('cannot read {file}: {problem}', { file, problem: (error as Error).message });
  }
  return text.split('\n').flatMap((line) => {
    const match = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    return match ? [[match[1]!, match[2]!] as [string, string]] : [];
  });
}

/** `20%`, `10G`, `500MB`: bytes, a bare number meaning megabytes as in tracker.conf. */
function readSpace(text: string | undefined, directory: string): number | undefined {
  const percent = text === undefined ? null : /^([\d.]+)\s*%$/.exec(text);
  if (percent) {
    const { bsize, blocks } = statfsSync(directory);
    return Math.floor((blocks * bsize * Number(percent[1])) / 100);
  }
  const size = text === undefined ? null : /^(\d+)\s*([KMGT]?)B?$/i.exec(text);
  if (!size) return undefined;
  return Number(size[1]) * UNITS[(size[2] || 'M').toUpperCase()]!;
}
