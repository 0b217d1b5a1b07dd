/** File ids as people have them: plain, with a leading slash, as a URL, or one a line on standard input. */
import { STDIN } from './local-files.js';

const IN_PATH = /(?:^|\/)([A-Za-z0-9]{1,16}\/M[0-9A-Fa-f]{2}\/[0-9A-F]{2}\/[0-9A-F]{2}\/[^/]+)$/;

/** Returns the file id in a URL or path of a web server; any other text unchanged, for the client to judge. */
export function readFileId(text: string): string {
  const trimmed = text.trim();
  if (!/^(https?:\/)?\//i.test(trimmed)) return trimmed;
  if (!URL.canParse(trimmed, 'http://path')) return trimmed;
  const { pathname } = new URL(trimmed, 'http://path');
  try {
    return IN_PATH.exec(decodeURIComponent(pathname))?.[1] ?? trimmed;
  } catch {
    return trimmed;
  }
}

/** For arguments that may be given several times. */
export function collectFileIds(text: string, before: string[] = []): string[] {
  return [...before, text === STDIN ? text : readFileId(text)];
}

/**
 * The ids of the command line, with those of standard input in the place of `-`. A line is an id, an id and more behind a tab
 * (as `fdfs upload` prints several files), or a JSON document with `fileId` (as manifests have them).
 */
export async function* expandFileIds(ids: readonly string[]): AsyncGenerator<string, void, undefined> {
  for (const id of ids) {
    if (id !== STDIN) {
      yield id;
      continue;
    }
    const { createInterface } = await import('node:readline');
    for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
      const found = readLine(line);
      if (found !== undefined) yield found;
    }
  }
}

/** Undefined: no file, such as an empty line or one that failed. */
function readLine(line: string): string | undefined {
  if (line.startsWith('{')) {
    const { fileId } = parseJson(line);
    return typeof fileId === 'string' ? fileId : undefined;
  }
  const [id = ''] = line.split('\t');
  return id.trim() === '' || id === '-' ? undefined : readFileId(id);
}

function parseJson(line: string): { fileId?: unknown } {
  try {
    return JSON.parse(line) as { fileId?: unknown };
  } catch {
    return {};
  }
}
