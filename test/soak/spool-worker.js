/**
 * Uploads of unknown length in a process of its own, from the built package. Argument: a job as JSON. Reports to the parent by
 * lines of JSON; the parent may kill it at any time.
 */
import { createReadStream, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const { dist, options, bytes, file, known, pause, marks = [] } = JSON.parse(process.argv[2]);
const { createClient } = await import(dist);
const client = createClient(options);
const report = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const mark = (phase, done) => {
  while (marks.length > 0 && marks[0].phase === phase && done >= marks[0].at) {
    const { at } = marks.shift();
    report({ phase, at });
  }
};

/** Every chunk is new memory, as a socket gives it. */
async function* generate() {
  for (let made = 0; made < bytes; ) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, bytes - made), made / 65_536);
    yield chunk;
    made += chunk.length;
    mark('spooling', made);
    if (pause && made % (1024 * 1024) === 0) await delay(pause);
  }
}

/** Hides from the client that it is a file, whose length could be known. */
async function* readThrough() {
  yield* createReadStream(file);
}

const source = Readable.from(file ? readThrough() : generate(), { objectMode: false });
const started = performance.now();
const size = known ? bytes : undefined;
const result = await client.upload(source, {
  size,
  onProgress: ({ transferred }) => mark('sending', transferred),
});
const took = performance.now() - started;
await client.delete(result.fileId);
await client.close();
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
report({ took, size: result.size, peak: peak ? Number(peak[1]) * 1024 : undefined });
