/** What the multer engine promises by itself: options, ownership, and requests that are no requests. */
import { execFileSync } from 'node:child_process';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  type FdfsStorage,
  type FdfsStorageOptions,
  fdfsStorage,
  type MulterRequest,
  type StoredInfo,
} from '../../../src/adapters/multer/index.js';
import type { EngineFile } from '../../../src/adapters/multer/types.js';
import { ArgumentError } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEmbedded } from '../../helpers/servers.js';

const CONF = { trackers: '127.0.0.1:1' };

function createPart(content: Readable, originalname = 'a.bin'): EngineFile {
  const part = { fieldname: 'file', originalname, encoding: '7bit', mimetype: 'text/plain' };
  return Object.defineProperty(part, 'stream', { value: content, enumerable: false }) as EngineFile;
}

function handle(storage: FdfsStorage, req: unknown, file: EngineFile): Promise<StoredInfo> {
  return new Promise((resolve, reject) => {
    storage._handleFile(req as MulterRequest, file, (error, info) =>
      error ? reject(error) : resolve(info!),
    );
  });
}

function remove(storage: FdfsStorage, file: { fileId?: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    storage._removeFile(new PassThrough() as unknown as MulterRequest, file, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

describe('options of the multer engine', () => {
  it.each<[string, object, RegExp]>([
    [
      'one it does not know',
      { colour: 'red' },
      /Unknown option `colour` of fdfsStorage\(\); known options: filename, .*slaves/,
    ],
    [
      'limits of multer',
      { limits: { fileSize: 1 } },
      /`limits` belongs to multer itself: multer\(\{ storage/,
    ],
    ['a filter of multer', { fileFilter: () => undefined }, /`fileFilter` belongs to multer itself/],
    ['options of the client', { trackers: 'a' }, /first argument/],
    ['a bucket', { bucket: 'group1' }, /`bucket` is called `group` here/],
    ['a key', { key: 'a' }, /FastDFS names files itself/],
    ['a wrong type', { size: '5' }, /`size` of fdfsStorage\(\) must be an integer from 0/],
    ['an array', { metadata: [] }, /`metadata` of fdfsStorage\(\) must be an object, .* not an array/],
    ['a long extension', { ext: 'toolong1' }, /Extension/],
    ['a bad group', { group: 'no/group' }, /Group name/],
    ['metadata that does not fit', { metadata: { k: 'x'.repeat(257) } }, /257 bytes/],
    ['one stream for all files', { transforms: [new PassThrough()] }, /would serve the first file only/],
    ['a number for the url', { url: 5 }, /`url`/],
    ['a content type that is none', { contentType: 'image' }, /`contentType` .* must be a media type/],
    ['slaves without prefixes', { slaves: [] }, /`slaves` .* must be an object of prefixes/],
    ['a slave that is a stream', { slaves: { _a: new PassThrough() } }, /Unknown option/],
    ['a long slave prefix', { slaves: { _12345678901234567: () => undefined } }, /1 to 16 characters/],
    ['a slave prefix with a slash', { slaves: { 'a/b': () => undefined } }, /1 to 16 characters/],
    ['a slave without transforms', { slaves: { _a: { ext: 'png' } } }, /has no `transforms`/],
    ['a slave with a long extension', { slaves: { _a: { transforms: [], ext: 'toolong1' } } }, /Extension/],
  ])('refuse %s', (_what, options, message) => {
    const make = () => fdfsStorage(CONF, options as FdfsStorageOptions);
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  it('may be left undefined', () => {
    expect(() => fdfsStorage(CONF, { group: undefined, url: undefined } as never)).not.toThrow();
  });

  it('are those of the client, too', () => {
    expect(() => fdfsStorage({ trackers: [] })).toThrow(ArgumentError);
    expect(() => fdfsStorage('/nonexistent/client.conf')).toThrow();
  });
});

it('loads no multer', () => {
  const script =
    "const require = process.getBuiltinModule('module').createRequire(process.cwd() + '/x.js');" +
    "import('./src/adapters/multer/index.ts').then(() => console.log(Object.keys(require.cache).filter((file) => /multer|express|busboy/.test(file)).length))";
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
  expect(output.toString().trim()).toBe('0');
});

onEmbedded('the multer engine', (server) => {
  it('closes a client of its own', async () => {
    const storage = fdfsStorage({ trackers: server.trackers });
    const info = await handle(storage, new PassThrough(), createPart(Readable.from([bytes(5)])));
    await remove(storage, info);
    await storage.close();
    await storage.close();
    await expect(storage.client.exists(info.fileId)).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
    await expect(handle(storage, new PassThrough(), createPart(Readable.from(['a'])))).rejects.toMatchObject({
      code: 'FASTDFS_CLOSED',
    });
  });

  it('leaves a client open that was passed in', async () => {
    const client = server.client();
    const storage = fdfsStorage(client);
    expect(storage.client).toBe(client);
    const info = await handle(storage, new PassThrough(), createPart(Readable.from([bytes(5)])));
    await storage.close();
    expect(await client.exists(info.fileId)).toBe(true);
    await client.delete(info.fileId);
  });

  it.each([0, 1, 999, 1000, 1001, 5000])(
    'stores a part of %i bytes that comes in one piece',
    async (size) => {
      const client = server.client();
      const storage = fdfsStorage(client, { blockBytes: 1000 });
      const content = bytes(size);
      const info = await handle(
        storage,
        new PassThrough(),
        createPart(Readable.from(size > 0 ? [content] : [])),
      );
      expect(info.size).toBe(size);
      expect((await client.download(info.fileId)).equals(content)).toBe(true);
      await client.delete(info.fileId);
    },
  );

  it('warns of no leak when a form has fifteen files', async () => {
    const client = server.client();
    const storage = fdfsStorage(client, { slaves: { _a: () => new PassThrough() } });
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on('warning', listen);
    const req = new PassThrough();
    const parts = Array.from({ length: 15 }, () =>
      createPart(Readable.from([bytes(300_000), bytes(300_000)])),
    );
    const infos = await Promise.all(parts.map((part) => handle(storage, req, part)));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings).toEqual([]);
    for (const info of infos) await remove(storage, info);
    expect(server.fdfs.files()).toEqual([]);
  });

  it('fails uploads in progress when it is closed', async () => {
    const storage = fdfsStorage(
      { trackers: server.trackers },
      { blockBytes: 1000, whenSizeUnknown: 'stream' },
    );
    const content = new PassThrough();
    const handled = handle(storage, new PassThrough(), createPart(content));
    content.write(bytes(5000));
    await expect.poll(() => server.fdfs.files().length).toBe(1);
    const [outcome] = await Promise.allSettled([handled, storage.close()]);
    expect(outcome).toMatchObject({ status: 'rejected' });
    expect(server.fdfs.files()).toEqual([]);
  });

  it('fails a part whose first bytes it still waits for when it is closed', async () => {
    const storage = fdfsStorage({ trackers: server.trackers });
    const content = new PassThrough();
    const handled = handle(storage, new PassThrough(), createPart(content));
    content.write(bytes(10));
    const [outcome] = await Promise.allSettled([handled, storage.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'FASTDFS_CLOSED' } });
    expect(server.fdfs.files()).toEqual([]);
  });

  it('removes stored files, and ignores those that do not exist', async () => {
    const storage = fdfsStorage(server.client());
    const info = await handle(storage, new PassThrough(), createPart(Readable.from([bytes(5)])));
    await remove(storage, {});
    await remove(storage, info);
    await remove(storage, info);
    await expect(remove(storage, { fileId: 'nonsense' })).rejects.toMatchObject({
      code: 'FASTDFS_BAD_FILE_ID',
    });
  });

  it('fails a file whose part was destroyed, before or after its first byte', async () => {
    const storage = fdfsStorage(server.client());
    const dead = new PassThrough().on('error', () => undefined);
    dead.destroy(new Error('no form'));
    await expect(handle(storage, new PassThrough(), createPart(dead))).rejects.toThrow('no form');
    const dying = new PassThrough();
    const handled = handle(storage, new PassThrough(), createPart(dying));
    dying.write('some');
    dying.destroy();
    await expect(handled).rejects.toMatchObject({ code: 'FASTDFS_REQUEST_ABORTED' });
  });

  it('fails a file whose request was destroyed before', async () => {
    const storage = fdfsStorage(server.client());
    const req = new PassThrough();
    req.write('a');
    req.read();
    req.destroy();
    await expect(handle(storage, req, createPart(new PassThrough()))).rejects.toMatchObject({
      code: 'FASTDFS_REQUEST_ABORTED',
    });
  });

  it('ignores the end of a request whose body comes in another way', async () => {
    const client = server.client();
    const req = new PassThrough();
    const info = await handle(fdfsStorage(client), req, createPart(Readable.from([bytes(5)])));
    req.destroy();
    await new Promise((resolve) => req.once('close', resolve));
    expect(await client.exists(info.fileId)).toBe(true);
    await client.delete(info.fileId);
  });

  it('keeps as much of a file name as can be stored', async () => {
    const client = server.client();
    const storage = fdfsStorage(client, { keepFilename: true });
    const name = `a\u0001\u0002${'ü'.repeat(200)}.txt`;
    const info = await handle(storage, new PassThrough(), createPart(Readable.from(['x']), name));
    expect(info.metadata).toEqual({ filename: `a${'ü'.repeat(125)}.txt` });
    await client.delete(info.fileId);
  });

  it('fails a part that the form has cut, with an error like that of multer', async () => {
    const storage = fdfsStorage(server.client());
    for (const content of [bytes(10), bytes(500_000)]) {
      const part = Object.assign(new PassThrough(), { truncated: false });
      const handled = handle(storage, new PassThrough(), createPart(part));
      part.write(content);
      part.truncated = true;
      part.end();
      await expect(handled).rejects.toMatchObject({
        name: 'MulterError',
        code: 'LIMIT_FILE_SIZE',
        message: 'File too large',
        field: 'file',
        status: 413,
        statusCode: 413,
        expose: false,
      });
    }
  });

  it('never throws at multer, whatever the part is', async () => {
    const storage = fdfsStorage(server.client(), { keepFilename: true });
    for (const name of [undefined, null, 5, '', '\x00', '..', '\ud83d'.repeat(300)]) {
      const info = await handle(storage, new PassThrough(), createPart(Readable.from(['x']), name as string));
      await remove(storage, info);
    }
  });

  it('makes urls by the option', async () => {
    const client = server.client({ baseUrl: 'https://img.example.com' });
    const urlWith = async (url?: FdfsStorageOptions['url']) => {
      const storage = fdfsStorage(client, url === undefined ? {} : { url });
      const info = await handle(storage, new PassThrough(), createPart(Readable.from(['x'])));
      expect(info.location).toBe(info.url);
      await client.delete(info.fileId);
      return info.url?.replace(info.fileId, 'ID');
    };
    expect(await urlWith()).toBe('https://img.example.com/ID');
    expect(await urlWith('/files/')).toBe('/files/ID');
    expect(await urlWith(false)).toBeUndefined();
    expect(await urlWith((_req, { fileId, originalname }) => `${originalname}?${fileId}`)).toBe('a.bin?ID');
    expect(await urlWith((_req, { key }, done) => done(null, key))).toBe('ID');
  });

  it('makes appender files', async () => {
    const client = server.client();
    const storage = fdfsStorage(client, { appender: true });
    const info = await handle(storage, new PassThrough(), createPart(Readable.from([bytes(5)])));
    await client.append(info.fileId, 'more');
    expect((await client.stat(info.fileId)).size).toBe(9);
    await client.delete(info.fileId);
  });

  it('wraps rejections that are no errors', async () => {
    const storage = fdfsStorage(server.client(), { group: () => Promise.reject('no group') });
    await expect(handle(storage, new PassThrough(), createPart(Readable.from(['x'])))).rejects.toMatchObject({
      code: 'FASTDFS_OPTION_FAILED',
      cause: 'no group',
    });
  });
});
