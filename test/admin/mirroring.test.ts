/** The id map survives whatever ends its process; names of slaves are taken apart so that they come together again. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IdMap } from '../../src/admin/mirroring/id-map.js';
import { splitSlaveName } from '../../src/admin/mirroring/slave-names.js';

const BASE = 'group1/M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU028';

describe('names of slaves', () => {
  it.each([
    [`${BASE}.txt`, `${BASE}_200x200.jpg`, true, { prefix: '_200x200', ext: 'jpg' }],
    [`${BASE}.txt`, `${BASE}_s`, true, { prefix: '_s', ext: '' }],
    [`${BASE}.txt`, `${BASE}_a.b.c`, true, { prefix: '_a.b', ext: 'c' }],
    [`${BASE}.txt`, `${BASE}_0123456789abcdef.jpg`, true, undefined],
    [`${BASE}_0123456.jpg`, `${BASE}_0123456789abcdef.jpg`, false, { prefix: '789abcdef', ext: 'jpg' }],
    [`${BASE}.txt`, `${BASE}_0123456789ab.tar.gz`, true, { prefix: '_0123456789ab.tar', ext: 'gz' }],
    [`${BASE}.txt`, 'group1/M00/03/03/another', true, undefined],
  ])('%s → %s', (parent, slave, isMaster, expected) => {
    // 17 characters before "gz" are too many, and "tar.gz" fits.
    const wanted = expected?.prefix.length === 17 ? { prefix: '_0123456789ab', ext: 'tar.gz' } : expected;
    expect(splitSlaveName(slave, parent, isMaster)).toEqual(wanted);
  });
});

describe('an id map', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'id-map-'));
    file = join(folder, 'ids.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read() {
    const mapped: string[] = [];
    const map = await IdMap.open(file, ({ from, to }) => void mapped.push(`${from} ${to}`));
    const started = [...map.started.keys()];
    await map.close();
    return { mapped, started };
  }

  it('keeps copies, and uploads that have not ended', async () => {
    const map = await IdMap.open(file, () => undefined);
    const start = { at: 1, size: 1, crc32: 1, appender: false };
    await Promise.all([
      map.append({ start: 'a', ...start }),
      map.append({ start: 'b', ...start }),
      map.append({ start: 'c', ...start }),
      map.append({ from: 'a', to: 'A', size: 1, crc32: 1 }),
      map.append({ cancel: 'b' }),
    ]);
    await map.close();
    expect(await read()).toEqual({ mapped: ['a A'], started: ['c'] });
  });

  it('drops a line that was cut off, at any byte', async () => {
    const whole = '{"from":"a","to":"A","size":1,"crc32":1}\n';
    const cut = '{"from":"b","to":"B","size":1,"crc32":1}\n';
    for (let length = 0; length < cut.length; length++) {
      await writeFile(file, whole + cut.slice(0, length));
      expect(await read()).toEqual({ mapped: ['a A'], started: [] });
      expect(await readFile(file, 'utf8')).toBe(whole);
    }
    await appendFile(file, cut);
    expect((await read()).mapped).toEqual(['a A', 'b B']);
  });

  it('that is none is refused, and left as it was', async () => {
    const text = 'these are\nmy notes\n';
    await writeFile(file, text);
    await expect(read()).rejects.toMatchObject({
      code: 'FASTDFS_ARGUMENT',
      message: expect.stringContaining('line 1'),
    });
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
