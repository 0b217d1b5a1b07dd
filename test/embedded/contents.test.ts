/** The bytes of replies, where more than their length matters. Most of it also holds for a real cluster. */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFileId } from '../../src/core/model/file-id.js';
import { frame, group16, int64, Raw } from './raw.js';
import { append, COMMAND, download, modify, named, setMeta, slave, truncate, upload } from './requests.js';
import { onEachTarget, type Target } from './target.js';

let target: Target;
let raw: Raw;

async function store(code: number, body: Buffer): Promise<string> {
  return (await raw.ok(code, body)).toString('latin1', 16);
}

const read = (name: string) => raw.ok(COMMAND.download, download(name));

onEachTarget((start) => {
  beforeAll(async () => {
    target = await start();
    raw = await Raw.connect(target.storage);
  });

  afterAll(async () => {
    raw?.close();
    await target?.stop();
  });

  describe('names', () => {
    it('carry source, time, size and checksum', async () => {
      const content = randomBytes(1000);
      const name = await store(COMMAND.upload, upload(content, 'bin'));
      const parsed = parseFileId(`group1/${name}`);
      expect(parsed).toMatchObject({ kind: 'normal', size: 1000, crc32: crc32(content), extension: 'bin' });
      expect(Math.abs(Date.now() - parsed.createdAt.getTime())).toBeLessThan(3_000);
      expect(parsed.sourceId ?? parsed.sourceAddress).toBe(
        target.storageIds ? 100_001 : target.storage.slice(0, target.storage.lastIndexOf(':')),
      );
    });

    it.each([
      ['', /^[0-9]{7}$/],
      ['c', /^[0-9]{5}\.c$/],
      ['txt', /^[0-9]{3}\.txt$/],
      ['tar.gz', /^\.tar\.gz$/],
      ['.txt', /^[0-9]{2}\.\.txt$/],
    ])('end in 7 characters for the extension %j', async (ext, tail) => {
      const name = await store(COMMAND.upload, upload('x', ext));
      expect(name).toHaveLength(44);
      expect(name.slice(-7)).toMatch(tail);
    });

    it('of slaves are built from their master', async () => {
      const master = await store(COMMAND.upload, upload('x'));
      expect(await store(COMMAND.slave, slave(master, '_s', 'jpg', 'y'))).toBe(
        master.replace('.txt', '_s.jpg'),
      );
      expect(await store(COMMAND.slave, slave(master, '_s', '', 'y'))).toBe(master.replace('.txt', '_s'));
      expect(await store(COMMAND.slave, slave(master, '_d', '.png', 'y'))).toBe(
        master.replace('.txt', '_d.png'),
      );
    });
  });

  describe('contents', () => {
    it.each([1, 100, 65_536, 262_118, 262_119, 262_120, 1_000_000, 5_000_000])(
      'of %i bytes come back',
      async (size) => {
        const content = randomBytes(size);
        const name = await store(COMMAND.upload, upload(content, 'bin'));
        expect(parseFileId(`group1/${name}`)).toMatchObject({ size, crc32: crc32(content) });
        expect((await read(name)).equals(content)).toBe(true);
      },
    );

    it('ranges are cut out of the content', async () => {
      const content = randomBytes(700_000);
      const name = await store(COMMAND.upload, upload(content, 'bin'));
      for (const [offset, bytes] of [
        [0, 1],
        [1, 0],
        [262_144, 262_144],
        [300_000, 400_000],
        [699_999, 0],
      ] as const) {
        const part = await raw.ok(COMMAND.download, download(name, offset, bytes));
        expect(part.equals(content.subarray(offset, bytes === 0 ? undefined : offset + bytes))).toBe(true);
      }
    });

    it('append, modify and truncate do what they say', async () => {
      const name = await store(COMMAND.appender, upload('0123456789', 'log'));
      await raw.ok(COMMAND.append, append(name, 'abc'));
      expect((await read(name)).toString()).toBe('0123456789abc');
      await raw.ok(COMMAND.modify, modify(name, 11, 'XYZ'));
      expect((await read(name)).toString()).toBe('0123456789aXYZ');
      await raw.ok(COMMAND.truncate, truncate(name, 3));
      expect((await read(name)).toString()).toBe('012');
      await raw.ok(COMMAND.truncate, truncate(name, 5));
      expect(await read(name)).toEqual(Buffer.from('012\0\0'));
      const large = randomBytes(800_000);
      await raw.ok(COMMAND.append, append(name, large));
      expect((await read(name)).equals(Buffer.concat([Buffer.from('012\0\0'), large]))).toBe(true);
    });

    it('a change of nothing echoes the request', async () => {
      const name = await store(COMMAND.appender, upload('0123456789', 'log'));
      for (const [code, body] of [
        [COMMAND.append, append(name, '')],
        [COMMAND.modify, modify(name, 0, '')],
        [COMMAND.truncate, truncate(name, 10)],
      ] as const) {
        expect(await raw.ok(code, body)).toEqual(body);
      }
    });

    it('a truncate beyond 4 GiB is reported in full', async () => {
      const name = await store(COMMAND.appender, upload('', 'bin'));
      const size = 5 * 1024 ** 3 + 7;
      await raw.ok(COMMAND.truncate, truncate(name, size));
      expect((await raw.ok(COMMAND.info, named(name), 1)).readBigInt64BE(0)).toBe(BigInt(size));
      expect(await raw.ok(COMMAND.download, download(name, size - 3))).toEqual(Buffer.alloc(3));
      await raw.ok(COMMAND.delete, named(name));
    });

    it('a regenerated name describes the content and keeps directory, digits and extension', async () => {
      const name = await store(COMMAND.appender, upload('0123456789', 'log'));
      await raw.ok(COMMAND.append, append(name, 'abc'));
      const regenerated = await store(COMMAND.regenerate, Buffer.from(name));
      expect(regenerated.slice(0, 10)).toBe(name.slice(0, 10));
      expect(regenerated.slice(-7)).toBe(name.slice(-7));
      const parsed = parseFileId(`group1/${regenerated}`);
      expect(parsed).toMatchObject({ kind: 'normal', size: 13, crc32: crc32('0123456789abc') });
      expect((await read(regenerated)).toString()).toBe('0123456789abc');
    });
  });

  describe('info', () => {
    it.each(['normal', 'appender', 'slave'])(
      'of a %s file: size, time, checksum with its sign',
      async (kind) => {
        const content = 'aaaa'; // its CRC-32 has the highest bit set
        const checksum = crc32(content);
        expect(checksum).toBeGreaterThan(0x7fff_ffff);
        let name = await store(kind === 'appender' ? COMMAND.appender : COMMAND.upload, upload(content));
        if (kind === 'slave') name = await store(COMMAND.slave, slave(name, '_info', 'txt', content));
        const body = await raw.ok(COMMAND.info, named(name));
        expect(body.readBigInt64BE(0)).toBe(4n);
        expect(Math.abs(Number(body.readBigInt64BE(8)) - Date.now() / 1000)).toBeLessThan(3);
        expect(body.readBigInt64BE(16)).toBe(BigInt(checksum | 0));
        expect(body.toString('latin1', 24, body.indexOf(0, 24))).toBe(
          target.storage.slice(0, target.storage.lastIndexOf(':')),
        );
        const spared = await raw.ok(COMMAND.info, named(name), 1);
        expect(spared.readBigInt64BE(16)).toBe(kind === 'normal' ? BigInt(checksum | 0) : 0n);
      },
    );
  });

  describe('metadata', () => {
    const long = (length: number, letter: string) => letter.repeat(length);
    const quirks: Array<[name: string, steps: Array<[flag: string, metadata: string]>, expected: string]> = [
      ['is sorted by key', [['O', 'width\x02160\x01author\x02me']], 'author\x02me\x01width\x02160'],
      ['keeps duplicates', [['O', 'k\x021\x01k\x022']], 'k\x021\x01k\x022'],
      [
        'merges into the first duplicate only',
        [
          ['O', 'k\x021\x01k\x022'],
          ['M', 'k\x023'],
        ],
        'k\x023\x01k\x022',
      ],
      ['turns a trailing separator into NUL', [['O', 'a\x021\x01']], 'a\x021\0'],
      ['keeps a record without value', [['O', 'plain']], 'plain'],
      ['keeps an empty value', [['O', 'a\x02']], 'a\x02'],
      ['keeps an empty key', [['O', '\x02v']], '\x02v'],
      ['keeps a separator in a value', [['O', 'a\x021\x022']], 'a\x021\x022'],
      ['keeps a NUL in a value', [['O', 'a\x021\x002']], 'a\x021\x002'],
      [
        'lets the rest show through behind what it cut',
        [['O', `${long(70, 'k')}\x02${long(300, 'v')}`]],
        `${long(64, 'k')}\x02${long(256, 'v')}\0${long(49, 'v')}`,
      ],
      [
        'cuts cleanly when merging',
        [
          ['O', 'a\x021'],
          ['M', `${long(70, 'k')}\x02${long(300, 'v')}`],
        ],
        `a\x021\x01${long(64, 'k')}\x02${long(256, 'v')}`,
      ],
      [
        'inserts in order when merging',
        [
          ['O', 'b\x021\x01d\x021'],
          ['M', 'e\x022\x01a\x022\x01d\x022\x01c\x022'],
        ],
        'a\x022\x01b\x021\x01c\x022\x01d\x022\x01e\x022',
      ],
    ];

    it.each(quirks)('%s', async (_name, steps, expected) => {
      const name = await store(COMMAND.upload, upload('meta'));
      for (const [flag, metadata] of steps) await raw.ok(COMMAND.setMeta, setMeta(name, flag, metadata));
      expect((await raw.ok(COMMAND.getMeta, named(name))).toString()).toBe(expected);
      expect((await read(`${name}-m`)).toString()).toBe(expected);
    });
  });

  describe('a client that leaves', () => {
    /** Sends a request without its last bytes and goes. */
    async function abandon(code: number, body: Buffer, missing: number): Promise<void> {
      const other = await Raw.connect(target.storage);
      other.write(frame(code, body.subarray(0, body.length - missing), 0, body.length));
      await new Promise((resolve) => setTimeout(resolve, 50));
      other.close();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }

    const size = async (name: string) =>
      Number((await raw.ok(COMMAND.info, named(name), 1)).readBigInt64BE(0));

    it('in an append leaves the file as it was', async () => {
      const name = await store(COMMAND.appender, upload('0123456789', 'log'));
      await abandon(COMMAND.append, append(name, randomBytes(2_000_000)), 1000);
      await expect.poll(() => size(name)).toBe(10);
      expect((await read(name)).toString()).toBe('0123456789');
    });

    it('in a modify leaves what it has sent', async () => {
      const name = await store(COMMAND.appender, upload('0123456789', 'log'));
      await abandon(COMMAND.modify, modify(name, 5, randomBytes(2_000_000)), 1000);
      expect(await size(name)).toBeGreaterThan(1_000_000);
    });
  });

  it('replicas do not have a new file yet, and trackers name its source only', async () => {
    const name = await store(COMMAND.upload, upload('fresh'));
    const tracker = await Raw.connect(target.trackers[0]!);
    const all = await tracker.ok(107, group16('group1'));
    const addresses = [all.toString('latin1', 16, 31), all.toString('latin1', 39, 54)].map((text) =>
      text.replace(/\0.*/s, ''),
    );
    const ports = [all.readBigInt64BE(31), all.readBigInt64BE(54)];
    const other = [0, 1]
      .map((i) => `${addresses[i]}:${ports[i]}`)
      .find((address) => address !== target.storage)!;
    for (const code of [102, 103, 105]) {
      const where = await tracker.ok(code, named(name));
      expect(where).toHaveLength(39);
      expect(`${where.toString('latin1', 16, where.indexOf(0, 16))}:${where.readBigInt64BE(31)}`).toBe(
        target.storage,
      );
    }
    tracker.close();
    if (target.real) return;
    const replica = await Raw.connect(other);
    expect(await replica.request(COMMAND.download, download(name))).toMatchObject({ status: 2 });
    replica.close();
  });

  it('large contents arrive in order', async () => {
    const block = randomBytes(1024 * 1024);
    const blocks = 24;
    const params = Buffer.concat([Buffer.of(0), int64(blocks * block.length), Buffer.alloc(6)]);
    raw.write(frame(COMMAND.upload, params, 0, params.length + blocks * block.length));
    const sent = createHash('md5');
    for (let i = 0; i < blocks; i++) {
      block.writeUInt32BE(i);
      const copy = Buffer.from(block);
      sent.update(copy);
      raw.write(copy);
    }
    const reply = await raw.reply(20_000);
    if (typeof reply === 'string') throw new Error(reply);
    const content = await read(reply.body.toString('latin1', 16));
    expect(createHash('md5').update(content).digest('hex')).toBe(sent.digest('hex'));
  });
});
