import { describe, expect, it } from 'vitest';
import type { FaultOptions } from '../../src/embedded/index.js';
import {
  type FastDFSError,
  NetworkError,
  ProtocolError,
  ServerError,
  TimeoutError,
} from '../../src/index.js';
import { bytes } from '../helpers/bytes.js';
import { countInUse } from '../helpers/in-use.js';
import {
  GROUP,
  hasReplyBody,
  keepsParts,
  OPERATIONS,
  type Operation,
  prepare,
} from '../helpers/operations.js';
import { onEmbedded } from '../helpers/servers.js';

type Fault = Omit<FaultOptions, 'command' | 'server'>;

const ERRORS: Record<FaultOptions['action'], (abstract new (...args: never[]) => FastDFSError) | undefined> =
  {
    reset: NetworkError,
    close: NetworkError,
    stall: TimeoutError,
    garbage: ProtocolError,
    status: ServerError,
    slow: undefined,
  };

/** Where a request can be hit. Sizes are of the request's body, or of the reply with its 10-byte header. */
function faultsFor({ content, command }: Operation): Fault[] {
  const actions = ['reset', 'close', 'stall', 'garbage'] as const;
  const anywhere: Fault[] = [];
  for (const action of actions) {
    if (action !== 'garbage') anywhere.push({ action, phase: 'connect' });
    anywhere.push({ action, phase: 'request' });
    if (content > 0) anywhere.push({ action, phase: 'request', afterBytes: Math.floor(content / 2) });
    anywhere.push({ action, phase: 'reply', afterBytes: 0 });
    if (action !== 'garbage') anywhere.push({ action, phase: 'reply', afterBytes: 4 });
    if (action !== 'garbage' && hasReplyBody(command))
      anywhere.push({ action, phase: 'reply', afterBytes: 15 });
  }
  anywhere.push({ action: 'status', status: 5 });
  return anywhere;
}

onEmbedded('a fault', (server) => {
  const strict = ({ action }: Fault) =>
    server.client({
      // What is not silent must not be mistaken for it, however slow the machine is.
      networkTimeoutMs: action === 'stall' ? 150 : 30_000,
      connectTimeoutMs: 1000,
      retry: { retries: 0 },
      locationCache: false,
    });

  for (const operation of OPERATIONS) {
    describe(`${operation.title} (${operation.command})`, () => {
      it.each(faultsFor(operation).map((fault) => [JSON.stringify(fault), fault] as const))(
        '%s: ends in time with the right error, and the next call works',
        async (_, fault) => {
          server.allowLeftovers();
          const straight = server.client();
          const fileId = await prepare(straight, operation);
          await straight.close();
          const client = strict(fault);
          const before = server.fdfs.requests(operation.command);
          server.fdfs.inject({ ...fault, ...target(operation, fault) });
          const started = performance.now();
          const error = await operation.run(client, fileId).then(
            () => undefined,
            (failure) => failure,
          );
          expect(performance.now() - started).toBeLessThan(2000);
          if (resumes(operation, fault)) {
            expect(error).toBeUndefined();
            return;
          }
          expect(error).toBeInstanceOf(ERRORS[fault.action]!);
          expect(error.code).toMatch(/^FASTDFS_/);
          expect(error.address).toMatch(/^127\.0\.0\.1:\d+$/);
          if (fault.phase !== 'connect') expect(error.command).toBe(operation.command);
          if (operation.readOnly) expect(error.maybeApplied).toBe(false);
          if (fault.phase === 'reply' && !operation.readOnly) expect(error.maybeApplied).toBe(true);
          if (fault.action === 'status') expect(error.maybeApplied).toBe(keepsParts(operation));
          if (operation.repeatable && fault.action !== 'status') expect(error.retryable).toBe(true);

          // Without retries nothing is sent again; a fault on accept comes before there is a request.
          const asked = server.fdfs.requests(operation.command) - before;
          expect(asked).toBeLessThanOrEqual(1);
          if (fault.phase !== 'connect') expect(asked).toBe(1);
          const content = bytes(3000, 9);
          const next = await client.upload(content, { group: GROUP });
          expect((await client.download(next.fileId)).equals(content)).toBe(true);
          expect(countInUse(client)).toBe(0);
          await client.close();
          await expect.poll(() => server.fdfs.connections(), { interval: 2 }).toBe(0);
        },
      );

      it('delivered byte by byte: works', async () => {
        server.allowLeftovers();
        const fileId = await prepare(server.client(), operation);
        const client = server.client({ locationCache: false });
        server.fdfs.inject({ action: 'slow', command: operation.command });
        await operation.run(client, fileId);
      });
    });
  }
});

/** A download that has got somewhere goes on from there. */
function resumes({ command }: Operation, { phase, afterBytes = 0 }: Fault): boolean {
  return command === 'DOWNLOAD_FILE' && phase === 'reply' && afterBytes > 10;
}

/** A connection knows no command yet; only the server distinguishes the operations. */
function target({ command, to }: Operation, { phase }: Fault): Pick<FaultOptions, 'command' | 'server'> {
  return phase === 'connect' ? { server: to } : { command };
}
