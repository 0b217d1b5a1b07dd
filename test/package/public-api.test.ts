/** What the package promises to the compiler. `tsc` is what fails here; running it shows that the names exist. */
import type { Readable, Transform, Writable } from 'node:stream';
import * as api from 'fastdfs-streams';
import {
  type AppendStream,
  ArgumentError,
  type CallOptions,
  ClosedError,
  type Conf,
  createClient,
  createToken,
  type DownloadedFile,
  type DownloadOptions,
  type DownloadStream,
  type ErrorCode,
  type FastDFSClient,
  FastDFSError,
  type FastDFSOptions,
  type FileKind,
  type FileStat,
  type LoadedConfig,
  loadConfig,
  type Metadata,
  type ModifyOptions,
  type ModifyStream,
  NetworkError,
  type ParsedFileId,
  type PoolStats,
  type Progress,
  ProtocolError,
  parseFileId,
  ServerError,
  type ServerPoolStats,
  type SlaveUploadOptions,
  type Source,
  type StorageAddress,
  type TeeStream,
  TimeoutError,
  type TimeoutPhase,
  type TokenVerdict,
  type UploadOptions,
  type UploadResult,
  type UploadStream,
  type VerifyTokenInput,
  verifyToken,
} from 'fastdfs-streams';
import { describe, expect, expectTypeOf, it } from 'vitest';

/** Checked by the compiler, never run. */
function compiles(_body: (client: FastDFSClient) => unknown): void {}

describe('createClient', () => {
  it('takes a path, options, or a client', () => {
    expectTypeOf(createClient).parameters.toEqualTypeOf<[conf: Conf]>();
    expectTypeOf(createClient).returns.toEqualTypeOf<FastDFSClient>();
    expectTypeOf<Conf>().toEqualTypeOf<string | URL | FastDFSOptions | FastDFSClient>();
    compiles((client) => [
      createClient('/etc/fdfs/client.conf'),
      createClient({ trackers: '10.0.0.1' }),
      createClient({
        trackers: ['10.0.0.1:22122', '[::1]:22122'],
        pool: { maxPerServer: 4 },
        locationCache: false,
      }),
      createClient(client),
      createClient(loadConfig('client.conf').options),
      createClient({ trackers: 'a', logger: console, mapAddress: ({ host, port }) => ({ host, port }) }),
    ]);
  });

  it('refuses what is none of these', () => {
    compiles(() => [
      // @ts-expect-error trackers are missing
      createClient({}),
      // @ts-expect-error no such option
      createClient({ trackers: 'a', tracker: 'b' }),
      // @ts-expect-error the cache is on with its options, or off
      createClient({ trackers: 'a', locationCache: true }),
      // @ts-expect-error several trackers belong into `trackers`
      createClient(['a']),
      // @ts-expect-error something has to be given
      createClient(),
    ]);
  });

  it('gives a client that `await using` closes', () => {
    expectTypeOf<FastDFSClient>().toExtend<AsyncDisposable>();
    expectTypeOf<FastDFSClient['close']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<FastDFSClient['stats']>().returns.toEqualTypeOf<PoolStats>();
    expectTypeOf<PoolStats>().toEqualTypeOf<Record<string, ServerPoolStats>>();
    expectTypeOf<LoadedConfig['options']>().toEqualTypeOf<FastDFSOptions>();
  });
});

describe('content to upload', () => {
  it('may be bytes, text, a Blob, any stream, any iterable, or a function that writes', () => {
    expectTypeOf<Buffer>().toExtend<Source>();
    expectTypeOf<Uint8Array>().toExtend<Source>();
    expectTypeOf<string>().toExtend<Source>();
    expectTypeOf<Blob>().toExtend<Source>();
    expectTypeOf<File>().toExtend<Source>();
    expectTypeOf<Readable>().toExtend<Source>();
    expectTypeOf<Blob['stream']>().returns.toExtend<Source>();
    expectTypeOf<Generator<string>>().toExtend<Source>();
    expectTypeOf<AsyncGenerator<Buffer>>().toExtend<Source>();
    expectTypeOf<(string | Uint8Array)[]>().toExtend<Source>();
    compiles((client) =>
      client.upload(async (write) => {
        await write('text');
        await write(new Uint8Array(1));
      }),
    );
  });

  it('is no number, no object and no list of them', () => {
    expectTypeOf<number>().not.toExtend<Source>();
    expectTypeOf<{ data: Buffer }>().not.toExtend<Source>();
    expectTypeOf<number[]>().not.toExtend<Source>();
    expectTypeOf<undefined>().not.toExtend<Source>();
  });

  it('is taken by uploads, slave uploads, append and modify alike', () => {
    expectTypeOf<FastDFSClient['upload']>().parameter(0).toEqualTypeOf<Source>();
    expectTypeOf<FastDFSClient['uploadSlave']>().parameter(2).toEqualTypeOf<Source>();
    expectTypeOf<FastDFSClient['append']>().parameter(1).toEqualTypeOf<Source>();
    expectTypeOf<FastDFSClient['modify']>().parameter(2).toEqualTypeOf<Source>();
  });

  it('comes with options that tell typing errors', () => {
    expectTypeOf<UploadOptions['whenSizeUnknown']>().toEqualTypeOf<
      'spool' | 'stream' | 'memory' | 'reject' | undefined
    >();
    expectTypeOf<NonNullable<UploadOptions['onProgress']>>().parameters.toEqualTypeOf<[progress: Progress]>();
    expectTypeOf<SlaveUploadOptions>().not.toHaveProperty('appender');
    expectTypeOf<SlaveUploadOptions>().not.toHaveProperty('group');
    compiles((client) => [
      client.upload('x', { ext: 'txt', metadata: { width: '10' }, signal: AbortSignal.timeout(1) }),
      // @ts-expect-error metadata are strings
      client.upload('x', { metadata: { width: 10 } }),
      // @ts-expect-error no such option
      client.upload('x', { extension: 'txt' }),
      // @ts-expect-error a slave is no appender file
      client.uploadSlave('id', '_s', 'x', { appender: true }),
    ]);
  });
});

describe('results', () => {
  it('of every upload are the same', () => {
    for (const method of ['upload', 'uploadFile', 'uploadSlave'] as const) {
      expectTypeOf<FastDFSClient[typeof method]>().returns.toEqualTypeOf<Promise<UploadResult>>();
    }
    expectTypeOf<UploadResult>().toEqualTypeOf<{
      fileId: string;
      group: string;
      remoteFilename: string;
      size: number;
      crc32?: number;
      url?: string;
      storage: { host: string; port: number };
      metadata?: Metadata;
      kind: FileKind;
    }>();
    expectTypeOf<FileKind>().toEqualTypeOf<'normal' | 'appender' | 'slave'>();
    expectTypeOf<Metadata>().toEqualTypeOf<Record<string, string>>();
  });

  it('of the other calls', () => {
    expectTypeOf<FastDFSClient['download']>().returns.resolves.toEqualTypeOf<Buffer>();
    expectTypeOf<FastDFSClient['downloadFile']>().returns.resolves.toEqualTypeOf<DownloadedFile>();
    expectTypeOf<FastDFSClient['append']>().returns.resolves.toEqualTypeOf<void>();
    expectTypeOf<FastDFSClient['modify']>().returns.resolves.toEqualTypeOf<void>();
    expectTypeOf<FastDFSClient['truncate']>().returns.resolves.toEqualTypeOf<void>();
    expectTypeOf<FastDFSClient['finalize']>().returns.resolves.toEqualTypeOf<string>();
    expectTypeOf<FastDFSClient['delete']>().returns.resolves.toEqualTypeOf<void>();
    expectTypeOf<FastDFSClient['exists']>().returns.resolves.toEqualTypeOf<boolean>();
    expectTypeOf<FastDFSClient['stat']>().returns.resolves.toEqualTypeOf<FileStat>();
    expectTypeOf<FastDFSClient['getMetadata']>().returns.resolves.toEqualTypeOf<Metadata>();
    expectTypeOf<FastDFSClient['setMetadata']>().returns.resolves.toEqualTypeOf<void>();
    expectTypeOf<FastDFSClient['locate']>().returns.resolves.toEqualTypeOf<StorageAddress[]>();
    expectTypeOf<FastDFSClient['url']>().returns.toEqualTypeOf<string>();
    expectTypeOf(parseFileId).returns.toEqualTypeOf<ParsedFileId>();
    expectTypeOf<ParsedFileId['size']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<FileStat['from']>().toEqualTypeOf<'id' | 'server'>();
  });

  it('can be ended by a signal, every one that asks a server', () => {
    expectTypeOf<CallOptions>().toEqualTypeOf<{ signal?: AbortSignal }>();
    compiles((client) => {
      const { signal } = new AbortController();
      return [
        client.upload('x', { signal }),
        client.uploadFile('x', { signal }),
        client.uploadSlave('id', '_s', 'x', { signal }),
        client.download('id', { signal, start: 1, end: 2 }),
        client.downloadFile('id', 'path', { signal }),
        client.append('id', 'x', { signal }),
        client.modify('id', 0, 'x', { signal }),
        client.truncate('id', 0, { signal }),
        client.finalize('id', { signal }),
        client.delete('id', { signal, ignoreNotFound: true }),
        client.exists('id', { signal }),
        client.stat('id', { signal, source: 'server', crc32: true }),
        client.getMetadata('id', { signal }),
        client.setMetadata('id', {}, { signal, mode: 'merge' }),
        client.locate('id', { signal, for: 'update' }),
      ];
    });
  });
});

describe('streams', () => {
  it("are Node's own kinds", () => {
    expectTypeOf<FastDFSClient['createUploadStream']>().returns.toEqualTypeOf<UploadStream>();
    expectTypeOf<FastDFSClient['createDownloadStream']>().returns.toEqualTypeOf<DownloadStream>();
    expectTypeOf<FastDFSClient['createAppendStream']>().returns.toEqualTypeOf<AppendStream>();
    expectTypeOf<FastDFSClient['createModifyStream']>().returns.toEqualTypeOf<ModifyStream>();
    expectTypeOf<FastDFSClient['createTeeStream']>().returns.toEqualTypeOf<TeeStream>();
    expectTypeOf<UploadStream>().toExtend<Writable>();
    expectTypeOf<AppendStream>().toExtend<Writable>();
    expectTypeOf<ModifyStream>().toExtend<Writable>();
    expectTypeOf<DownloadStream>().toExtend<Readable>();
    expectTypeOf<TeeStream>().toExtend<Transform>();
  });

  it('know their file: uploads once they have finished, the others from the beginning', () => {
    expectTypeOf<UploadStream['fileId']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<UploadStream['result']>().toEqualTypeOf<UploadResult | undefined>();
    expectTypeOf<UploadStream['bytesWritten']>().toEqualTypeOf<number>();
    expectTypeOf<TeeStream['fileId']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<TeeStream['result']>().toEqualTypeOf<UploadResult | undefined>();
    expectTypeOf<DownloadStream['fileId']>().toEqualTypeOf<string>();
    expectTypeOf<DownloadStream['size']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<DownloadStream['bytesRead']>().toEqualTypeOf<number>();
    expectTypeOf<AppendStream['bytesConfirmed']>().toEqualTypeOf<number>();
    expectTypeOf<ModifyStream['fileId']>().toEqualTypeOf<string>();
  });

  it('need no options but the place to modify', () => {
    expectTypeOf<ModifyOptions['start']>().toEqualTypeOf<number>();
    expectTypeOf<DownloadOptions>().toExtend<{ start?: number | undefined; highWaterMark?: number }>();
    compiles((client) => [
      client.createUploadStream(),
      client.createTeeStream(),
      client.createDownloadStream('id'),
      client.createAppendStream('id'),
      client.createModifyStream('id', { start: 5 }),
      // @ts-expect-error where to begin?
      client.createModifyStream('id'),
    ]);
  });
});

describe('errors', () => {
  it('share a base with all that is known about the failure', () => {
    expectTypeOf<FastDFSError>().toExtend<Error>();
    expectTypeOf<FastDFSError['code']>().toEqualTypeOf<ErrorCode>();
    for (const field of ['command', 'address', 'fileId', 'orphan'] as const) {
      expectTypeOf<FastDFSError[typeof field]>().toEqualTypeOf<string | undefined>();
    }
    expectTypeOf<FastDFSError['retryable']>().toEqualTypeOf<boolean>();
    expectTypeOf<FastDFSError['maybeApplied']>().toEqualTypeOf<boolean>();
  });

  it('have classes of their own, which tell more', () => {
    for (const kind of [ArgumentError, ClosedError, NetworkError, ProtocolError, ServerError, TimeoutError]) {
      expect(kind.prototype).toBeInstanceOf(FastDFSError);
    }
    expectTypeOf<ServerError['serverStatus']>().toEqualTypeOf<number>();
    expectTypeOf<ServerError['errno']>().toEqualTypeOf<string>();
    expectTypeOf<TimeoutError['phase']>().toEqualTypeOf<TimeoutPhase>();
    expectTypeOf<TimeoutPhase>().toEqualTypeOf<'connect' | 'lease' | 'response' | 'progress' | 'idle'>();
  });
});

describe('tokens', () => {
  it('are made of names and judged by verdicts', () => {
    expectTypeOf(createToken).toEqualTypeOf<
      (name: string, secret: string, timestampSeconds: number) => string
    >();
    expectTypeOf(verifyToken).toEqualTypeOf<(input: VerifyTokenInput) => TokenVerdict>();
    expectTypeOf<Extract<TokenVerdict, { ok: false }>['reason']>().toEqualTypeOf<
      'malformed' | 'expired' | 'mismatch' | 'not-yet-valid'
    >();
    compiles(() => [
      verifyToken({ fileId: 'id', token: undefined, ts: '0', secret: 's' }),
      // @ts-expect-error one name, not two
      verifyToken({ fileId: 'id', remoteFilename: 'name', token: '', ts: 0, secret: 's' }),
      // @ts-expect-error of which file?
      verifyToken({ token: '', ts: 0, secret: 's' }),
    ]);
  });
});

it('the package exports these names and no others', () => {
  expect(Object.keys(api).sort()).toEqual([
    'ArgumentError',
    'ClosedError',
    'FastDFSAdmin',
    'FastDFSClient',
    'FastDFSError',
    'NetworkError',
    'ProtocolError',
    'ServerError',
    'TimeoutError',
    'createClient',
    'createToken',
    'formatAddress',
    'isNotFound',
    'loadConfig',
    'parseFileId',
    'verifyToken',
  ]);
});
