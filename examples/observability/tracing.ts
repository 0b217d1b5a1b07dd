/** A span of OpenTelemetry for every command of fastdfs-streams. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { type CommandEvent, FastDFSError } from 'fastdfs-streams';

/**
 * Makes the span a child of the one that is active when the command starts. Silent while no SDK is registered.
 * @returns a function that ends this
 */
export function fastdfsTracing(tracer: Tracer = trace.getTracer('fastdfs-streams')): () => void {
  // An event is one object from its start to its end. Weak: of a command that starts before and ends after the
  // unsubscribing nothing is kept.
  const spans = new WeakMap<object, Span>();

  const onStart = (message: unknown) => {
    const { command, role, address, fileId, retries } = message as CommandEvent;
    const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(address)!;
    const attributes = {
      'server.address': host,
      'server.port': Number(port),
      'fastdfs.command': command,
      'fastdfs.role': role,
      'fastdfs.retries': retries,
      'fastdfs.file_id': fileId,
    };
    spans.set(message as object, tracer.startSpan(command, { kind: SpanKind.CLIENT, attributes }));
  };

  /** The span of the event, if its start was heard. */
  const finished = (message: unknown): Span | undefined => {
    const { bytesSent, bytesReceived } = message as CommandEvent;
    return spans.get(message as object)?.setAttributes({
      'fastdfs.bytes_sent': bytesSent,
      'fastdfs.bytes_received': bytesReceived,
    });
  };

  const onEnd = (message: unknown) => finished(message)?.end();

  const onError = (message: unknown) => {
    const span = finished(message);
    const { error } = message as CommandEvent;
    const exception = error instanceof Error ? error : new Error(String(error));
    span?.setAttribute('error.type', error instanceof FastDFSError ? error.code : exception.name);
    span?.recordException(exception);
    span?.setStatus({ code: SpanStatusCode.ERROR, message: exception.message });
    span?.end();
  };

  subscribe('fastdfs-streams:command:start', onStart);
  subscribe('fastdfs-streams:command:end', onEnd);
  subscribe('fastdfs-streams:command:error', onError);
  return () => {
    unsubscribe('fastdfs-streams:command:start', onStart);
    unsubscribe('fastdfs-streams:command:end', onEnd);
    unsubscribe('fastdfs-streams:command:error', onError);
  };
}
