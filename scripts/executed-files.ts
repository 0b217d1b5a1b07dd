/**
 * Prints which files of `src` one call executes, by the precise coverage of V8: `npx tsx scripts/executed-files.ts [call]`. Each call runs
 * in a client of its own against an embedded server, from the first connection on; modules that are only imported do not count.
 */
import { Session } from 'node:inspector/promises';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { EmbeddedFastDFS } from '../src/embedded/index.js';
import { createClient, type FastDFSClient, type FastDFSOptions } from '../src/index.js';

const SOURCES = fileURLToPath(new URL('../src/', import.meta.url));
const CONTENT = Buffer.from('content');
/** Longer than the part of a stream that is held in memory. */
const LONG = Buffer.alloc(3 * 1024 * 1024);

const CALLS: Record<string, (client: FastDFSClient, fileId: string, appenderId: string) => Promise<unknown>> =
  {
    'upload a Buffer': (client) => client.upload(CONTENT),
    'upload a stream of known length': (client) =>
      client.upload(Readable.from([CONTENT]), { size: CONTENT.length }),
    'upload a stream of unknown length': (client) => client.upload(Readable.from([LONG])),
    'upload a file': (client) => client.uploadFile(fileURLToPath(import.meta.url)),
    'download to a Buffer': (client, fileId) => client.download(fileId),
    'download as a stream': (client, fileId) => buffer(client.createDownloadStream(fileId)),
    'append a Buffer': (client, _, appenderId) => client.append(appenderId, CONTENT),
    'append a stream': (client, _, appenderId) => {
      const source = new PassThrough();
      source.end(CONTENT);
      return client.append(appenderId, source);
    },
    'read metadata': (client, fileId) => client.getMetadata(fileId),
    'stat by a server': (client, fileId) => client.stat(fileId, { source: 'server' }),
    delete: async (client, fileId) => client.delete(fileId),
  };

export interface ExecutedFiles {
  readonly call: string;
  /** Paths below `src`. */
  readonly files: readonly string[];
}

/** Measures every call, or those whose name contains `part`. */
export async function measureExecutedFiles(part = ''): Promise<ExecutedFiles[]> {
  const measured: ExecutedFiles[] = [];
  await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
  for (const [call, run] of Object.entries(CALLS).filter(([name]) => name.includes(part))) {
    measured.push({ call, files: await executedBy(fdfs.options, run) });
  }
  return measured;
}

async function executedBy(
  options: FastDFSOptions,
  run: (client: FastDFSClient, fileId: string, appenderId: string) => Promise<unknown>,
): Promise<string[]> {
  await using preparing = createClient(options);
  const { fileId } = await preparing.upload(CONTENT);
  const { fileId: appenderId } = await preparing.upload(CONTENT, { appender: true });
  await using client = createClient(options);
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    await session.post('Profiler.takePreciseCoverage');
    await run(client, fileId, appenderId);
    const { result } = await session.post('Profiler.takePreciseCoverage');
    return result
      .filter(({ functions }) => functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)))
      .map(({ url }) =>
        url.startsWith('file:') ? fileURLToPath(new URL(url).href.replace(/\?.*$/, '')) : '',
      )
      .filter((file) => file.startsWith(SOURCES))
      .map((file) => file.slice(SOURCES.length).replaceAll('\\', '/'))
      .filter((file) => !file.startsWith('embedded/'))
      .sort();
  } finally {
    session.disconnect();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { call, files } of await measureExecutedFiles(process.argv[2])) {
    console.log(`${call}: ${files.length} files`);
    if (process.argv[2]) for (const file of files) console.log(`  ${file}`);
  }
}
