/** Names of a listing are distinguished: files, metadata, slaves and their masters, also where servers misread them. */
import { describe, expect, it } from 'vitest';
import { describeName, groupNames } from '../../src/admin/listing/names.js';

const BASE = 'M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU';
const APPENDER = 'M00/03/03/fwAAFWsCeYyES7OJAAAAAP1dNqU935.log';
const TRUNK = 'M00/00/00/oYYBAGsCeAWIR-xeAAAAEsS80t4AAAAAQAAAAAAAAEA069.txt';

function describeAll(...names: string[]) {
  const group = groupNames(names.map((name) => `1700000000 C ${name}`));
  return Object.fromEntries(
    [...group.files.keys()].map((name) => [name, describeName('group1', name, group)]),
  );
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
      isSlave: false,
      extension: 'txt',
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
    expect(file).toMatchObject({ kind, isSlave: true, slaveOf: `group1/${master}`, hasMetadata: true });
    expect(file).not.toHaveProperty('size');
    expect(file).not.toHaveProperty('crc32');
    expect(describeAll(slave)[slave]).not.toHaveProperty('slaveOf');
  });

  it('with an extension that ends in -m are files', () => {
    expect(Object.keys(describeAll(`${BASE}02.ab-m`))).toEqual([`${BASE}02.ab-m`]);
    const files = describeAll(`${BASE}02.ab-m`, `${BASE}02.ab-m-m`);
    expect(files).toMatchObject({ [`${BASE}02.ab-m`]: { hasMetadata: true, extension: 'ab-m' } });
  });

  it('name what a link points to', () => {
    const group = groupNames([`1 C ${BASE}028.txt`, `2 L ${BASE}999.txt ${BASE}028.txt`]);
    expect(describeName('group1', `${BASE}999.txt`, group)).toMatchObject({
      linkTo: `group1/${BASE}028.txt`,
    });
  });
});
