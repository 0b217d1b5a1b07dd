/** Uploads with metrics and traces. Start it with `npx tsx examples/observability/app.ts`. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import express from 'express';
import { createClient } from 'fastdfs-streams';
import { EmbeddedFastDFS } from 'fastdfs-streams/embedded';
import { fdfsStorage } from 'fastdfs-streams/multer';
import multer from 'multer';
import { Registry } from 'prom-client';
import { fastdfsMetrics } from './metrics.js';
import { fastdfsTracing } from './tracing.js';

// A cluster of your own (FDFS_CONF), or else FastDFS servers inside this process.
const { FDFS_CONF, PORT = '3000' } = process.env;
const embedded = FDFS_CONF ? undefined : await EmbeddedFastDFS.start();
const client = createClient(FDFS_CONF ?? embedded!.options);

// An application has this from its own SDK, with an exporter that leads somewhere.
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] }),
);
const tracer = trace.getTracer('example');

const metrics = new Registry();
fastdfsMetrics(client, metrics);
fastdfsTracing();

const upload = multer({ storage: fdfsStorage(client), limits: { files: 1, fileSize: 1024 ** 3 } });
const app = express();
app.get('/metrics', async (_req, res) => {
  res.type(metrics.contentType).send(await metrics.metrics());
});
app.post(
  '/',
  (req, res, next) =>
    tracer.startActiveSpan('POST /', (span) => {
      res.once('close', () => span.end());
      upload.single('file')(req, res, next);
    }),
  (req, res) => {
    res.json({ fileId: req.file?.fileId, size: req.file?.size });
  },
);

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  console.log(`POST a form with a field \`file\` to http://127.0.0.1:${port}/ and look at /metrics there`);
});
