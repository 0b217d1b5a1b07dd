/** Random headers and paths: the status is always one that HTTP has for them, and the bytes are those of the file. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateConditions } from '../../src/adapters/shared/serve/conditions.js';
import { parseTarget } from '../../src/adapters/shared/serve/target.js';
import { onEachDoor, partsOf, Site } from '../adapters/http/harness.js';
import { bytes } from '../helpers/bytes.js';
import { newSeed } from '../helpers/random.js';
import { onEmbedded } from '../helpers/servers.js';

const RUNS = { seed: newSeed() } as const;
const MAX_RANGES = 8;

const position = fc.oneof(
  fc.nat(120).map(String),
  fc.constantFrom(
    '',
    '',
    '0',
    '99',
    '100',
    '9007199254740993',
    '99999999999999999999',
    '-1',
    '1e3',
    ' 5',
    '０',
  ),
);
const range = fc.oneof(
  fc.tuple(position, position).map(([start, end]) => `${start}-${end}`),
  fc.string({ maxLength: 8 }),
);
const header = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('bytes=', 'bytes=', 'bytes=', 'bytes =', 'Bytes=', 'items=', 'bytes', ''),
      fc.array(range, { maxLength: 12 }),
      fc.constantFrom(',', ', ', ' ,'),
    )
    .map(([unit, ranges, comma]) => unit + ranges.join(comma)),
  fc.string({ maxLength: 60 }),
);

describe('Range', () => {
  it('of any kind selects parts of the file, all of it, or nothing', () => {
    fc.assert(
      fc.property(header, fc.constantFrom(0, 1, 100, 2 ** 53 - 1), (given, size) => {
        const file = {
          fileId: '',
          size,
          etag: '"a"',
          lastModified: new Date(0),
          immutable: true,
          extension: '',
        };
        const wanted = evaluateConditions({ method: 'GET', headers: { range: given } }, file, MAX_RANGES);
        expect([200, 206, 416]).toContain(wanted.status);
        if (wanted.status !== 206) return;
        expect(wanted.ranges.length).toBeGreaterThan(0);
        expect(wanted.ranges.length).toBeLessThanOrEqual(MAX_RANGES);
        let sum = 0;
        for (const { start, end } of wanted.ranges) {
          expect(Number.isSafeInteger(start) && Number.isSafeInteger(end)).toBe(true);
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThan(size);
          sum += end - start + 1;
        }
        // Overlapping ranges are one: a small request is never answered with more than the file.
        expect(sum).toBeLessThanOrEqual(size);
      }),
      { ...RUNS, numRuns: 5000 },
    );
  });
});

describe('a path', () => {
  it('of any kind names one file in one way, or none', () => {
    const id = 'group1/M00/00/00/rBEAAmCvI3GAfb2SAAAAC-vL9l0485.jpg';
    const path = fc.oneof(
      fc.webPath(),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc
        .array(
          fc.tuple(
            fc.nat(id.length),
            fc.constantFrom('%2e', '..', '/', '%2f', '%', '%00', '\\', '?', '-m', 'a'),
          ),
          {
            maxLength: 3,
          },
        )
        .map((changes) =>
          changes.reduce((text, [at, more]) => text.slice(0, at) + more + text.slice(at), id),
        ),
    );
    fc.assert(
      fc.property(path, (given) => {
        const target = parseTarget(`/files/${given}`, {
          prefix: '/files',
          groups: undefined,
          defaultGroup: undefined,
        });
        if (typeof target === 'number') {
          expect([400, 404]).toContain(target);
          return;
        }
        const { fileId } = target.file;
        expect(fileId).toBe(decodeURIComponent(given.split('?')[0]!));
        expect(fileId).toMatch(/^\w{1,16}\/M[0-9A-F]{2}\/[0-9A-F]{2}\/[0-9A-F]{2}\/[^/\\\0]+$/);
        expect(fileId).not.toMatch(/\.\.\//);
        // Metadata of a file has the name of the file, which is at least as long as a plain one, and two characters more.
        if (fileId.endsWith('-m'))
          expect(target.file.kind === 'slave' && !fileId.endsWith('.-m')).toBe(false);
      }),
      { ...RUNS, numRuns: 5000 },
    );
  });
});

onEmbedded('a file server', (server) =>
  onEachDoor((door) => {
    const content = bytes(100);
    let site: Site;
    let fileId: string;
    beforeAll(async () => {
      const client = server.client();
      fileId = (await client.upload(content, { ext: 'bin' })).fileId;
      site = await Site.start(door.open(client, { maxRanges: MAX_RANGES }).listener);
    });
    afterAll(() => site[Symbol.asyncDispose]());

    it('answers any Range with the bytes that its headers announce', { timeout: 60_000 }, async () => {
      server.allowLeftovers();
      const sendable = header.filter((text) => /^[\t\x20-\x7e]*$/.test(text));
      await fc.assert(
        fc.asyncProperty(sendable, async (given) => {
          const reply = await site.get(`/${fileId}`, { headers: { Range: given } });
          expect([200, 206, 416]).toContain(reply.status);
          if (reply.status === 200) expect(reply.body.equals(content)).toBe(true);
          if (reply.status !== 206) return;
          const parts = String(reply.headers['content-type']).startsWith('multipart/')
            ? partsOf(reply).map(({ head, content: body }) => ({ head, body: Buffer.from(body, 'latin1') }))
            : [{ head: `content-range: ${reply.headers['content-range']}`, body: reply.body }];
          for (const { head, body } of parts) {
            const [, start, end] = /content-range: bytes (\d+)-(\d+)\/100/.exec(head)!;
            expect(body.equals(content.subarray(Number(start), Number(end) + 1))).toBe(true);
          }
        }),
        { ...RUNS, numRuns: 400 },
      );
    });
  }),
);
