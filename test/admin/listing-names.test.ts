/** Names of a listing are distinguished: files, metadata, slaves and their masters, also where servers misread them. */
import { describe, expect, it } from 'vitest';
import {
  describeFile,
  describeLines,
  describeLone,
  groupNames,
  isSlaveId,
  readExtension,
} from '../../src/admin/listing/names.js';

const BASE = 'M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU';
const APPENDER = 'M00/03/03/fwAAFWsCeYyES7OJAAAAAP1dNqU935.log';
const TRUNK = 'M00/00/00/oYYBAGsCeAWIR-xeAAAAEsS80t4AAAAAQAAAAAAAAEA069.txt';

const GROUP = { group: 'group1', addressById: new Map([['100001', '10.0.0.1']]) };

function describeAll(...names: string[]) {
  const files = describeLines(
    names.map((name) => `group1/${name}`),
    GROUP,
  );
  return Object.fromEntries(files.map((file) => [file.fileId.slice('group1/'.length), file]));
}

describe('names of a listing', () => {
  it('are listed once, with their metadata', () => {
    const files = describeAll(`${BASE}028.txt`, `${BASE}028.txt-m`, `${BASE}028.txt-m`, `${BASE}028.txt`);
    expect(Object.keys(files)).toEqual([`${BASE}028.txt`]);
    expect(files[`${BASE}028.txt`]).toMatchObject({
      kind: 'normal',
      size: 11,
      crc32: 0x0d4a1185,
      hasMetadata: true,
      sourceAddress: '127.0.0.21',
    });
  });

  it.each([
    ['a slave', `${BASE}028.txt`, `${BASE}028_200x200.jpg`, 'slave'],
    ['a slave of a slave', `${BASE}028.txt`, `${BASE}028_200x200_b.png`, 'slave'],
    ['a slave of an appender file', APPENDER, `${APPENDER.slice(0, -4)}_a.log`, 'appender'],
    ['a slave of a trunk file', TRUNK, `${TRUNK.slice(0, -4)}_thumb.jpg`, 'slave'],
    [
      'a slave of 44 characters, which servers read as a plain file',
      `${BASE}028.txt`,
      `${BASE}028_abc`,
      'slave',
    ],
    ['a slave of fewer characters', `${BASE}028.txt`, `${BASE}028-x`, 'slave'],
    ['a slave of 60 characters', `${BASE}028.txt`, `${BASE}028_0123456789abcd.jpg`.padEnd(60, 'g'), 'slave'],
  ])('%s is a slave of its master, without size', (_, master, slave, kind) => {
    const { [slave]: file } = describeAll(master, slave, `${slave}-m`);
    expect(file).toMatchObject({ kind, slaveOf: `group1/${master}`, hasMetadata: true });
    expect([master, slave].map((name) => isSlaveId(`group1/${name}`))).toEqual([false, true]);
    expect(file).not.toHaveProperty('size');
    expect(file).not.toHaveProperty('crc32');
    expect(describeAll(slave)[slave]).not.toHaveProperty('slaveOf');
  });

  it('with an extension that ends in -m are files', () => {
    expect(Object.keys(describeAll(`${BASE}02.ab-m`))).toEqual([`${BASE}02.ab-m`]);
    const files = describeAll(`${BASE}02.ab-m`, `${BASE}02.ab-m-m`);
    expect(files).toMatchObject({ [`${BASE}02.ab-m`]: { hasMetadata: true } });
    expect(readExtension(`group1/${BASE}02.ab-m`)).toBe('ab-m');
  });

  it.each([
    ['M00', 0],
    ['M0F', 15],
    ['M1a', 26],
    ['MFF', 255],
  ])('of store path %s are in %i', (path, storePath) => {
    const name = `${path}${BASE.slice(3)}028.txt`;
    expect(describeAll(name)[name]).toMatchObject({ storePath });
  });

  it('name what a link points to', () => {
    const link = `group1/${BASE}999.txt`;
    const group = groupNames([`group1/${BASE}028.txt`, `${link} ${BASE}028.txt`]);
    expect(describeFile(link, group, GROUP)).toMatchObject({ linkTo: `group1/${BASE}028.txt` });
  });

  it.each(['.照片', '028.a$b', '1234567', '12.a.bc'])('that end in %s are masters', (tail) => {
    const fileId = `group1/${BASE}${tail}`;
    expect(describeAll(`${BASE}${tail}`)[`${BASE}${tail}`]).toMatchObject({ kind: 'normal', size: 11 });
    expect(describeLone(fileId)).toMatchObject({ fileId, kind: 'normal', size: 11 });
  });

  it('name the address of a storage id, where it is known', () => {
    const name = 'M00/00/00/oYYBAGsCeYyAeQYEAAAACw1KEYU028.txt';
    expect(describeAll(name)[name]).toMatchObject({ sourceAddress: '10.0.0.1', sourceId: 100001 });
    expect(describeLone(`group1/${name}`)).toMatchObject({ sourceAddress: '', sourceId: 100001 });
  });

  it('that no storage makes are an error: of the storage in a listing, of the caller alone', () => {
    const name = `M00/00/00/${'!'.repeat(27)}028.txt`;
    expect(() => describeAll(name)).toThrow(expect.objectContaining({ code: 'FASTDFS_PROTOCOL' }));
    expect(() => describeLone(`group1/${name}`)).toThrow(
      expect.objectContaining({ code: 'FASTDFS_BAD_FILE_ID' }),
    );
  });
});
