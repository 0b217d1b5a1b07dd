/** Every public call of the client refuses unknown keys and wrong values, naming them, before anything is sent. */
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createClient, FastDFSClient, ServerError } from '../../src/index.js';

const ID = 'group1/M00/00/00/fwABZGdT-hKAU8GSAAAABbAtUiA837.txt';
const APPENDER = 'group1/M00/00/00/fwABZGdT-hKEU8GSAAAAALAtUiA837.txt';

/** Nothing listens there: a call that sends anything fails in another way. */
const client = createClient({ trackers: '127.0.0.1:1', retry: { retries: 0 } });
afterAll(() => client.close());

type Options = Record<string, unknown>;
type Call = (options: Options) => unknown;
/** Calls with options: how, what they are called in messages, and wrong values beside a wrong signal. */
const CALLS: Record<string, { run: Call; name?: string; wrong?: readonly Options[] }> = {
  createUploadStream: {
    run: (options) => client.createUploadStream(options),
    name: 'upload()',
    wrong: [
      { size: -1 },
      { size: 1.5 },
      { size: '7' },
      { blockBytes: 0 },
      { whenSizeUnknown: 'maybe' },
      { finalize: 'yes' },
      { appender: 1 },
      { verify: 'no' },
      { metadata: 'a=b' },
      { metadata: null },
      { filename: 7 },
      { keepFilename: 'yes' },
      { onProgress: {} },
      { group: '' },
      { ext: 'toolong7' },
    ],
  },
  createDownloadStream: {
    run: (options) => client.createDownloadStream(ID, options),
    wrong: [
      { start: -1 },
      { end: Number.NaN },
      { start: 9, end: 3 },
      { highWaterMark: 'much' },
      { verify: 1 },
      { storage: 7 },
      { onProgress: true },
    ],
  },
  createAppendStream: {
    run: (options) => client.createAppendStream(APPENDER, options),
    wrong: [{ blockBytes: -1 }, { blockBytes: 2 ** 40 }],
  },
  createModifyStream: {
    run: (options) => client.createModifyStream(APPENDER, { start: 0, ...options }),
    wrong: [{ blockBytes: -1 }, { start: -1 }, { start: undefined }],
  },
  createTeeStream: {
    run: (options) => client.createTeeStream(options),
    name: 'upload()',
    wrong: [{ size: -1 }],
  },
  upload: { run: (options) => client.upload('text', options), wrong: [{ size: -1 }, { ext: 7 }] },
  uploadFile: {
    run: (options) => client.uploadFile(import.meta.filename, options),
    name: 'upload()',
    wrong: [{ size: -1 }],
  },
  uploadSlave: {
    run: (options) => client.uploadSlave(ID, '_s', 'text', options),
    name: 'upload()',
    wrong: [{ size: -1 }, { appender: true }],
  },
  download: { run: (options) => client.download(ID, options), wrong: [{ start: -1 }, { start: 2, end: 1 }] },
  downloadFile: {
    run: (options) => client.downloadFile(ID, '/tmp/never-written', options),
    wrong: [{ start: -1 }, { storage: false }, { parallel: 0 }, { parallel: 65 }],
  },
  append: { run: (options) => client.append(APPENDER, 'text', options), wrong: [{ blockBytes: -1 }] },
  modify: { run: (options) => client.modify(APPENDER, 0, 'text', options), wrong: [{ blockBytes: -1 }] },
  truncate: { run: (options) => client.truncate(APPENDER, 0, options) },
  finalize: {
    run: (options) => client.finalize(APPENDER, options),
    wrong: [{ by: 'hand' }, { onProgress: 1 }],
  },
  copy: {
    run: (options) => client.copy(ID, options),
    wrong: [
      { group: 7 },
      { ext: 'toolong7' },
      { metadata: [] },
      { size: 7 },
      { verify: 'no' },
      { onProgress: 1 },
    ],
  },
  delete: { run: (options) => client.delete(ID, options), wrong: [{ ignoreNotFound: 'yes' }] },
  deleteMany: {
    run: (options) => client.deleteMany([ID], options),
    wrong: [{ concurrency: 0 }, { concurrency: Number.POSITIVE_INFINITY }],
  },
  exists: { run: (options) => client.exists(ID, options) },
  stat: { run: (options) => client.stat(ID, options), wrong: [{ source: 'srv' }, { crc32: 'yes' }] },
  getMetadata: { run: (options) => client.getMetadata(ID, options) },
  setMetadata: { run: (options) => client.setMetadata(ID, {}, options), wrong: [{ mode: 'replace' }] },
  locate: { run: (options) => client.locate(ID, options), wrong: [{ for: 'write' }] },
  url: { run: (options) => client.url(ID, options), wrong: [{ filename: 7 }, { now: 'today' }] },
};
const WITHOUT_OPTIONS = ['constructor', 'stats', 'close'];

it('the table has every public method', () => {
  const methods = Object.getOwnPropertyNames(FastDFSClient.prototype);
  expect([...Object.keys(CALLS), ...WITHOUT_OPTIONS].sort()).toEqual(methods.sort());
});

/** As messages about a value call the option. */
const NAMES: Options & Record<string, string> = { ext: 'Extension|`ext`', group: 'Group name|`group`' };

async function refusal(run: Call, options: Options): Promise<unknown> {
  try {
    const returned = await run(options);
    // A stream that was made in spite of it must not stay.
    if (returned instanceof PassThrough) returned.destroy();
    return { accepted: options };
  } catch (error) {
    return error;
  }
}

describe.each(Object.entries(CALLS))('%s()', (method, { run, name = `${method}()`, wrong = [] }) => {
  it('refuses an unknown key, and names it and the known ones', async () => {
    expect(await refusal(run, { unknwon: 1 })).toMatchObject({
      name: 'ArgumentError',
      code: 'FASTDFS_ARGUMENT',
      message: expect.stringMatching(/^Unknown option `unknwon` of .*; known options: /),
    });
    expect(await refusal(run, { unknwon: 1 })).toMatchObject({ message: expect.stringContaining(name) });
  });

  it('refuses options that are not an object', async () => {
    // createModifyStream() is called with a `start` here, so its options are always an object.
    const wrongKinds = [7, 'text', [], new Map(), new URL('https://a'), AbortSignal.abort()];
    for (const options of method === 'createModifyStream' ? [] : wrongKinds) {
      expect(await refusal(run, options as unknown as Options)).toMatchObject({
        name: expect.stringMatching(/Error/),
      });
    }
  });

  it.each(method === 'url' ? wrong : [...wrong, { signal: new AbortController() }, { signal: 'now' }])(
    'refuses %o',
    async (options) => {
      expect(await refusal(run, options)).toMatchObject({
        name: 'ArgumentError',
        code: 'FASTDFS_ARGUMENT',
        message: expect.stringMatching(
          new RegExp(NAMES[Object.keys(options)[0]!] ?? Object.keys(options)[0]!),
        ),
      });
    },
  );
});

it.each<[string, () => Promise<unknown>]>([
  ['append', () => client.append(ID, 'text')],
  ['append of a stream', () => client.append(ID, new PassThrough())],
  ['modify', () => client.modify(ID, 0, 'text')],
  ['truncate', () => client.truncate(ID)],
  ['finalize', () => client.finalize(ID)],
])('%s of a file that is not an appender file is refused by its id alone', async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: 'FASTDFS_NOT_APPENDER', fileId: ID });
});

it('metadata in a Map is refused: no names would be stored, and those that a file has be lost', async () => {
  const metadata = new Map([['a', 'b']]) as unknown as Record<string, string>;
  for (const call of [
    () => client.upload('text', { metadata }),
    () => client.setMetadata(ID, metadata),
    () => client.setMetadata(ID, null as never),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
  }
});

it('paths that are no paths are refused, naming what they are', async () => {
  for (const path of [7, null, Buffer.from('a'), new URL('https://a/b')] as never[]) {
    await expect(client.uploadFile(path)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
    await expect(client.downloadFile(ID, path)).rejects.toMatchObject({ code: 'FASTDFS_ARGUMENT' });
  }
});

it('a client of another copy of the package is called one', async () => {
  vi.resetModules();
  const other = await import('../../src/index.js');
  expect(other.FastDFSClient).not.toBe(FastDFSClient);
  const make = () => other.createClient(client as never);
  expect(make).toThrow(expect.objectContaining({ code: 'FASTDFS_ARGUMENT' }));
  expect(make).toThrow(/another copy of fastdfs-streams/);
  expect(() => new other.FastDFSAdmin(client as never)).toThrow(/another copy of fastdfs-streams/);
  const error = new ServerError(2, { command: 'DOWNLOAD_FILE' });
  expect([error instanceof other.ServerError, other.isNotFound(error)]).toEqual([false, true]);
});
