/** Conf files on disk for the length of a test, and the recorded results of the C parser. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { type LoadedConfig, loadConfig } from '../../../src/core/config/index.js';
import { type Ini, readIni } from '../../../src/core/config/ini.js';
import { readVectors } from '../protocol/vectors.js';

interface ConfVectors {
  ini: {
    name: string;
    about: string;
    text: string;
    includes: Record<string, string>;
    loadStatus: number;
    items: { section: string; key: string; string: string; int: number; bool: boolean; all: string[] }[];
  }[];
  client: {
    name: string;
    text: string;
    files?: Record<string, string>;
    result: {
      trackers: { ip: string; port: number }[][];
      init: number;
      connect_timeout?: number;
      network_timeout?: number;
      use_connection_pool?: number;
      connection_pool_max_idle_time?: number;
      anti_steal_token?: number;
      secret?: string;
      connect_first_by?: string;
    };
  }[];
  storageIds: {
    text: string;
    status: number;
    storageIds: { id: string; group: string; ips: string[]; port: number; rwMode: number }[];
  }[];
}
export const vectors = readVectors<ConfVectors>('conf');
export const TRACKER = 'tracker_server = 10.0.0.1\n';

export let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fastdfs-config-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

export function write(text: string, files: Record<string, string> = {}, name = 'client.conf'): string {
  for (const [path, content] of Object.entries({ ...files, [name]: text })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return join(directory, name);
}

export const load = (text: string, files?: Record<string, string>): LoadedConfig =>
  loadConfig(write(text, files));

/** A machine that the tests do not run on. */
export const host = {
  name: () => 'web1',
  addresses: () => ['10.2.3.4', '203.0.113.7', '192.168.0.9', '2001:db8::7'],
};
export const ini = (text: string, files?: Record<string, string>): Ini => readIni(write(text, files), host);
export const readValues = ({ items }: Ini, name: string, section = '') =>
  items.filter((item) => item.name === name && item.section === section).map(({ value }) => value);

export function failure(run: () => unknown): ArgumentError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    expect(error).toHaveProperty('code', 'FASTDFS_CONFIG');
    return error as ArgumentError;
  }
  throw new Error('nothing was thrown');
}
