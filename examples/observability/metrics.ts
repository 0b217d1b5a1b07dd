/** What fastdfs-streams does, as metrics of prom-client. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type CommandEvent, type ConnectEvent, type FastDFSClient, FastDFSError } from 'fastdfs-streams';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/**
 * Counts the commands of every client in this process, and shows the connections of `client`.
 * @returns a function that ends the counting; the metrics stay in the registry as they are then
 */
export function fastdfsMetrics(client: FastDFSClient, register: Registry): () => void {
  const registers = [register];
  const duration = new Histogram({
    name: 'fastdfs_command_duration_seconds',
    help: 'From the request to the end of the reply. The outcome is ok, the code of the error, or ABORTED.',
    labelNames: ['command', 'role', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60],
    registers,
  });
  const bytes = new Counter({
    name: 'fastdfs_content_bytes_total',
    help: 'Content, without headers and parameters. Of a command under way when it is over.',
    labelNames: ['command', 'direction'],
    registers,
  });
  const retries = new Counter({
    name: 'fastdfs_retries_total',
    help: 'Commands that were sent as a further attempt.',
    labelNames: ['command'],
    registers,
  });
  const connectFailures = new Counter({
    name: 'fastdfs_connect_failures_total',
    help: 'Connections that could not be made.',
    labelNames: ['role', 'address'],
    registers,
  });
  new Gauge({
    name: 'fastdfs_connections',
    help: 'Connections in use, and calls that wait for one, at this moment.',
    labelNames: ['address', 'state'],
    registers,
    collect() {
      this.reset(); // servers that have left keep no old values
      for (const [address, { leased, waiting }] of Object.entries(client.stats())) {
        this.set({ address, state: 'leased' }, leased);
        this.set({ address, state: 'waiting' }, waiting);
      }
    },
  });

  const count = (event: CommandEvent, outcome: string) => {
    const { command, role } = event;
    duration.observe({ command, role, outcome }, event.durationMs / 1000);
    bytes.inc({ command, direction: 'sent' }, event.bytesSent);
    bytes.inc({ command, direction: 'received' }, event.bytesReceived);
    if (event.retries > 0) retries.inc({ command });
  };
  const onEnd = (message: unknown) => count(message as CommandEvent, 'ok');
  const onError = (message: unknown) => {
    const { error } = message as CommandEvent;
    // What is no FastDFSError is the reason of an abort, which can be anything.
    count(message as CommandEvent, error instanceof FastDFSError ? error.code : 'ABORTED');
  };
  const onConnectError = (message: unknown) => {
    const { role, address } = message as ConnectEvent;
    connectFailures.inc({ role, address });
  };
  subscribe('fastdfs-streams:command:end', onEnd);
  subscribe('fastdfs-streams:command:error', onError);
  subscribe('fastdfs-streams:connect:error', onConnectError);
  return () => {
    unsubscribe('fastdfs-streams:command:end', onEnd);
    unsubscribe('fastdfs-streams:command:error', onError);
    unsubscribe('fastdfs-streams:connect:error', onConnectError);
  };
}
