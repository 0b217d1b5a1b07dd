/** What the examples of metrics and traces count and draw, and the application that has both. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { context, type Span, SpanStatusCode } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { fastdfsMetrics } from '../../examples/observability/metrics.js';
import { fastdfsTracing } from '../../examples/observability/tracing.js';
import type { FastDFSClient } from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { onEmbedded } from '../helpers/servers.js';
import { RunningExample } from './run-example.js';

const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

onEmbedded('metrics', (server) => {
  function measure(client: FastDFSClient): { read(name: string): Promise<string[]>; stop(): void } {
    const register = new Registry();
    const stop = fastdfsMetrics(client, register);
    stops.push(stop);
    const read = async (name: string) =>
      (await register.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
    return { read, stop };
  }

  it('count commands, bytes and outcomes', async () => {
    const client = server.client({ group: 'group1' });
    const { read } = measure(client);
    const { fileId } = await client.upload(bytes(1000));
    await client.download(fileId, { start: 0, end: 199 });
    await client.delete(fileId);
    await client.delete(fileId, { ignoreNotFound: true }); // the tracker names the same storage again: it is not asked twice
    const counts = await read('fastdfs_command_duration_seconds_count');
    expect(counts).toContain(
      'fastdfs_command_duration_seconds_count{command="UPLOAD_FILE",role="storage",outcome="ok"} 1',
    );
    expect(counts).toContain(
      'fastdfs_command_duration_seconds_count{command="QUERY_FETCH_ONE",role="tracker",outcome="ok"} 1',
    );
    expect(counts).toContain(
      'fastdfs_command_duration_seconds_count{command="DELETE_FILE",role="storage",outcome="FASTDFS_NOT_FOUND"} 1',
    );
    const [sum] = (await read('fastdfs_command_duration_seconds_sum')).filter((line) => /UPLOAD/.test(line));
    expect(Number(sum!.split(' ')[1])).toBeGreaterThan(0);
    expect(Number(sum!.split(' ')[1])).toBeLessThan(10);
    const moved = await read('fastdfs_content_bytes_total');
    expect(moved).toContain('fastdfs_content_bytes_total{command="UPLOAD_FILE",direction="sent"} 1000');
    expect(moved).toContain('fastdfs_content_bytes_total{command="DOWNLOAD_FILE",direction="received"} 200');
  });

  it('count repeats, aborts, and connections that could not be made', async () => {
    const client = server.client({ group: 'group1' });
    const { read } = measure(client);
    const { fileId } = await client.upload(bytes(5000));
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'reset', phase: 'reply', afterBytes: 2000 });
    await client.download(fileId);
    expect(await read('fastdfs_retries_total')).toEqual(['fastdfs_retries_total{command="DOWNLOAD_FILE"} 1']);
    expect(await read('fastdfs_command_duration_seconds_count')).toContain(
      'fastdfs_command_duration_seconds_count{command="DOWNLOAD_FILE",role="storage",outcome="FASTDFS_CONNECTION_LOST"} 1',
    );
    server.fdfs.inject({ command: 'QUERY_FILE_INFO', action: 'stall' });
    await client.stat(fileId, { crc32: true, signal: AbortSignal.timeout(100) }).catch(() => undefined);
    expect(await read('fastdfs_command_duration_seconds_count')).toContain(
      'fastdfs_command_duration_seconds_count{command="QUERY_FILE_INFO",role="storage",outcome="ABORTED"} 1',
    );
    const lost = server.client({ trackers: '127.0.0.1:1', retry: { retries: 0 } });
    await lost.locate(fileId).catch(() => undefined);
    const failures = await read('fastdfs_connect_failures_total');
    expect(failures).toEqual(['fastdfs_connect_failures_total{role="tracker",address="127.0.0.1:1"} 1']);
    await client.delete(fileId);
  });

  it('show the connections as they are when somebody asks', async () => {
    const client = server.client({ group: 'group2', pool: { maxPerServer: 1 } });
    const { read } = measure(client);
    const of = async (state: string) =>
      (await read('fastdfs_connections')).filter((line) => line.endsWith(`state="${state}"} 1`));
    expect(await of('leased')).toEqual([]);
    const first = client.createUploadStream({ size: 10 });
    await new Promise((resolve) => first.write('12345', resolve));
    expect(await of('leased')).toHaveLength(1);
    const second = client.upload('second');
    await expect.poll(() => of('waiting')).toHaveLength(1);
    first.end('67890');
    await client.delete((await second).fileId);
    await client.delete(first.fileId!);
    expect([await of('leased'), await of('waiting')]).toEqual([[], []]);
  });

  it('count nothing more after the unsubscribing', async () => {
    const client = server.client();
    const { read, stop } = measure(client);
    await client.delete((await client.upload('one')).fileId);
    const before = await read('fastdfs_command_duration_seconds_count');
    expect(before).toHaveLength(3);
    stop();
    await client.delete((await client.upload('two')).fileId);
    expect(await read('fastdfs_command_duration_seconds_count')).toEqual(before);
  });
});

onEmbedded('traces', (server) => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = provider.getTracer('test');
  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  });
  afterEach(() => exporter.reset());
  afterAll(() => context.disable());

  function start(): () => void {
    const stop = fastdfsTracing(tracer);
    stops.push(stop);
    return stop;
  }

  function inside<T>(name: string, work: (span: Span) => Promise<T>): Promise<T> {
    return tracer.startActiveSpan(name, (span) => work(span).finally(() => span.end()));
  }

  /** `parent > command`, in the order in which they ended. */
  function lines(): string[] {
    const spans = exporter.getFinishedSpans();
    const names = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    return spans
      .filter(({ attributes }) => attributes['fastdfs.command'])
      .map(({ name, parentSpanContext }) => `${names.get(parentSpanContext?.spanId ?? '') ?? ''} > ${name}`);
  }

  function finished(name: string): ReadableSpan {
    return exporter.getFinishedSpans().find((span) => span.name === name)!;
  }

  it('draw a span for each command, below the one that is active', async () => {
    const client = server.client({ group: 'group1' });
    start();
    const { fileId } = await inside('request', () => client.upload(bytes(1000)));
    await client.delete(fileId);
    expect(lines()).toEqual([
      'request > QUERY_STORE_WITH_GROUP_ONE',
      'request > UPLOAD_FILE',
      ' > DELETE_FILE',
    ]);
    const span = finished('UPLOAD_FILE');
    expect(span.attributes).toMatchObject({
      'server.address': '127.0.0.1',
      'fastdfs.role': 'storage',
      'fastdfs.retries': 0,
      'fastdfs.bytes_sent': 1000,
      'fastdfs.bytes_received': 0,
    });
    expect(span.attributes['server.port']).toBeGreaterThan(0);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(finished('DELETE_FILE').attributes['fastdfs.file_id']).toBe(fileId);
  });

  it('keep calls that share connections apart', async () => {
    const client = server.client({ group: 'group2', pool: { maxPerServer: 1 } });
    start();
    const content = bytes(3 * 1024 * 1024);
    const twice = ['a', 'b'].map((name) =>
      inside(name, async () => {
        const upload = client.createUploadStream({ whenSizeUnknown: 'stream', finalize: 'rename' });
        await pipeline(Readable.from([content]), upload);
        const copy = client.createUploadStream();
        await pipeline(client.createDownloadStream(upload.fileId!), copy);
        const { fileId } = await client.upload('', { appender: true });
        const append = client.createAppendStream(fileId, { blockBytes: 1024 * 1024 });
        await pipeline(client.createDownloadStream(copy.fileId!), append);
        for (const id of [upload.fileId!, copy.fileId!, fileId]) await client.delete(id);
      }),
    );
    await Promise.all(twice);
    // Not of queries, which calls share, and downloads, which go on at another connection when others wait.
    const sent = (name: string) =>
      lines().filter((line) => /> (UPL|MOD|REG|APP|DEL)/.test(line) && line.startsWith(name));
    expect(sent('a').map((line) => line.slice(1))).toEqual([
      ' > UPLOAD_APPENDER_FILE',
      ' > MODIFY_FILE',
      ' > MODIFY_FILE',
      ' > REGENERATE_APPENDER_FILENAME',
      ' > UPLOAD_FILE',
      ' > UPLOAD_APPENDER_FILE',
      ' > APPEND_FILE',
      ' > APPEND_FILE',
      ' > APPEND_FILE',
      ' > DELETE_FILE',
      ' > DELETE_FILE',
      ' > DELETE_FILE',
    ]);
    expect(sent('b').map((line) => line.slice(1))).toEqual(sent('a').map((line) => line.slice(1)));
    expect(lines().filter((line) => line.startsWith(' '))).toEqual([]);
  });

  it('tell what failed, and repeats as spans of their own', async () => {
    const client = server.client({ group: 'group1' });
    const { fileId } = await client.upload(bytes(5000));
    start();
    server.fdfs.inject({ command: 'DOWNLOAD_FILE', action: 'reset', phase: 'reply', afterBytes: 2000 });
    await inside('request', () => client.download(fileId));
    const [broken, whole] = exporter.getFinishedSpans().filter(({ name }) => name === 'DOWNLOAD_FILE');
    expect(broken!.status.code).toBe(SpanStatusCode.ERROR);
    expect(broken!.attributes['error.type']).toBe('FASTDFS_CONNECTION_LOST');
    expect(broken!.events[0]).toMatchObject({ name: 'exception' });
    expect(whole!.status.code).toBe(SpanStatusCode.UNSET);
    expect(whole!.attributes['fastdfs.retries']).toBe(1);
    expect(new Set(lines().map((line) => line.split(' > ')[0]))).toEqual(new Set(['request']));
    server.fdfs.inject({ command: 'QUERY_FILE_INFO', action: 'stall' });
    await client.stat(fileId, { crc32: true, signal: AbortSignal.timeout(100) }).catch(() => undefined);
    expect(finished('QUERY_FILE_INFO').attributes['error.type']).toBe('TimeoutError');
    await client.delete(fileId);
  });

  it('draw nothing more after the unsubscribing', async () => {
    const client = server.client();
    const stop = start();
    stop();
    await client.delete((await client.upload('one')).fileId);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

it('the example has metrics of what was uploaded, and prints its spans', async () => {
  const { example, url } = await RunningExample.start('examples/observability/app.ts');
  stops.push(() => example.stop());
  const form = new FormData();
  form.append('file', new Blob([bytes(100_000)]), 'a.png');
  const printed = example.nextLine();
  const answer = (await (await fetch(url, { method: 'POST', body: form })).json()) as { size: number };
  expect(answer.size).toBe(100_000);
  expect(await printed).toBe('{');
  const metrics = await (await fetch(`${url}metrics`)).text();
  expect(metrics).toMatch(/^fastdfs_content_bytes_total\{.*"sent"\} 100000$/m);
});
