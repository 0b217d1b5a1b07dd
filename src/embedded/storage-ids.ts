/**
 * Storage ids that stay the same from one start to the next: file ids carry them. They are kept in one small file
 * of the cluster's directory.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FIRST_ID = 100_001;
const FILE = 'storage-ids.json';

/** Returns ids for these storages (`group1/0`): those of the last start where there are any, new ones for the rest. */
export function assignStorageIds(directory: string, names: readonly string[]): Map<string, string> {
  const file = join(directory, FILE);
  const known = readKnown(file);
  let next = FIRST_ID;
  for (const id of known.values()) next = Math.max(next, Number(id) + 1);
  for (const name of names) if (!known.has(name)) known.set(name, String(next++));
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`);
  return known;
}

function readKnown(file: string): Map<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return new Map(); // first start
  }
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}
