/**
 * Records one command of a live server as a vector of `test/fixtures/vectors`:
 *
 *     npx tsx scripts/record-transcript.ts --role storage --server 127.0.0.21:23000 --command 22 --name QUERY_FILE_INFO \
 *       --body 67726f757031…
 *
 * The body is hexadecimal, without the header. The vector goes to standard output; fill in `request.decoded` and `response.decoded` with
 * what the bytes mean, by the names that `test/core/protocol/transcripts.ts` reads, and append it to the `vectors` of a file there.
 * `--until-close` is for commands whose reply announces no length.
 */
import net from 'node:net';
import { parseArgs } from 'node:util';
import { readResponseHeader, writeHeader } from '../src/core/protocol/command.js';
import { HEADER_BYTES } from '../src/core/protocol/constants.js';

const ACTIVE_TEST = 111;
const REPLY_MS = 10_000;

const { values } = parseArgs({
  options: {
    role: { type: 'string' },
    server: { type: 'string' },
    command: { type: 'string' },
    name: { type: 'string' },
    body: { type: 'string', default: '' },
    'until-close': { type: 'boolean', default: false },
    title: { type: 'string' },
  },
});
const { role, server, command, name } = values;
if (!role || !server || !command || !name) {
  throw new Error('Required: --role tracker|storage --server host:port --command CODE --name NAME');
}
const [host, port] = [server.slice(0, server.lastIndexOf(':')), server.slice(server.lastIndexOf(':') + 1)];
const code = Number(command);
const socket = net.connect({ host, port: Number(port) });
socket.setTimeout(REPLY_MS, () => socket.destroy(new Error(`No reply within ${REPLY_MS} ms`)));
const chunks = socket.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;

/** Reads a reply: as long as its header announces, or until the server closes. */
async function receive(untilClose: boolean): Promise<Buffer | undefined> {
  let reply = Buffer.alloc(0);
  for (;;) {
    if (!untilClose && reply.length >= HEADER_BYTES) {
      const { length } = readResponseHeader(reply);
      if (reply.length >= HEADER_BYTES + length) return reply;
    }
    const { value, done } = await chunks.next();
    if (done) return untilClose ? reply : undefined;
    reply = Buffer.concat([reply, value]);
  }
}

function frame(commandCode: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  writeHeader(header, body.length, commandCode);
  return Buffer.concat([header, body]);
}

const request = frame(code, Buffer.from(values.body, 'hex'));
socket.write(request);
const reply = await receive(values['until-close']);
let connectionAfter = 'closed';
if (reply && !socket.readableEnded) {
  socket.write(frame(ACTIVE_TEST, Buffer.alloc(0)));
  connectionAfter = (await receive(false).catch(() => undefined)) ? 'open' : 'closed';
}
socket.destroy();

const hex = (bytes: Buffer) => ({
  header: bytes.subarray(0, HEADER_BYTES).toString('hex'),
  body: bytes.subarray(HEADER_BYTES).toString('hex'),
  decoded: {},
});
const vector = {
  name: values.title ?? `${code} ${name}`,
  role,
  source: 'raw',
  command: { code, name },
  request: hex(request),
  response: reply ? hex(reply) : null,
  status: reply && !values['until-close'] ? readResponseHeader(reply).status : 0,
  connectionAfter,
};
console.log(JSON.stringify(vector, undefined, 1));
