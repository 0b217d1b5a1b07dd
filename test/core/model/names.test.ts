import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../../src/core/base/errors.js';
import { checkGroup } from '../../../src/core/model/file-id.js';
import {
  checkExtension,
  checkSlave,
  deriveExtension,
  deriveSafeExtension,
} from '../../../src/core/model/names.js';
import { readVectors } from '../protocol/vectors.js';

interface NameVectors {
  extensions: { path: string; twoPart: string | null }[];
  slaveNames: { master: string; prefix: string; ext: string | null; status: number; slave: string | null }[];
}
const { extensions, slaveNames } = readVectors<NameVectors>('names');

describe('deriveExtension', () => {
  it.each(extensions)('finds in $path what the C tools find', ({ path, twoPart }) => {
    expect(deriveExtension(path)).toBe(twoPart ?? '');
  });

  it('counts bytes, not characters', () => {
    expect(deriveExtension('a.文.jpg')).toBe('jpg');
    expect(deriveExtension('a.文文文')).toBe('');
    expect(deriveExtension('a.文.gz')).toBe('文.gz');
  });

  it('is empty for an empty path', () => {
    expect(deriveExtension('')).toBe('');
  });
});

describe('deriveSafeExtension', () => {
  it('gives what servers take, the last part alone where the part before is not fit', () => {
    expect(deriveSafeExtension('a.tar.gz')).toBe('tar.gz');
    expect(deriveSafeExtension('v 1. b.c')).toBe('c');
    expect(deriveSafeExtension('a.文.gz')).toBe('gz');
    expect(deriveSafeExtension('a.j\0g')).toBe('');
    expect(deriveSafeExtension('a.文')).toBe('');
  });
});

describe('checkExtension', () => {
  it('drops one leading dot', () => {
    expect(checkExtension('.jpg')).toBe('jpg');
    expect(checkExtension('tar.gz')).toBe('tar.gz');
    expect(checkExtension('')).toBe('');
  });

  it.each(['longext', 'a/b', 'a b', 'é', 'a\0'])('refuses %j', (ext) => {
    expect(() => checkExtension(ext)).toThrow(ArgumentError);
  });
});

describe('checkGroup', () => {
  it('accepts 1 to 16 letters and digits', () => {
    expect(checkGroup('a')).toBe('a');
    expect(checkGroup('group12345678901')).toBe('group12345678901');
  });

  it.each(['', 'group123456789012', 'group-1', 'gr oup', 'group1\n', '组'])('refuses %j', (group) => {
    expect(() => checkGroup(group)).toThrow(ArgumentError);
  });
});

describe('checkSlave', () => {
  // Without an extension the C tools put in the master's; on the wire there is no such thing.
  const onTheWire = slaveNames.filter(({ ext }) => ext !== null);

  it.each(onTheWire)(
    'judges $master + $prefix + $ext by the name that comes out',
    ({ master, prefix, ext, slave }) => {
      const check = () => checkSlave(master, prefix, ext!);
      // Names of 44 characters and less exist on servers, but are taken for those of plain files.
      if (slave === null || slave.length <= 44 || prefix === '') expect(check).toThrow(ArgumentError);
      else expect(check).not.toThrow();
    },
  );

  it.each(['', '_12345678901234567', 'a/b', 'a b'])('refuses the prefix %j', (prefix) => {
    expect(() => checkSlave('M00/00/00/fwAAFWsCeceAdfZdAAAACw1KEYU733.txt', prefix, 'jpg')).toThrow(
      ArgumentError,
    );
  });

  it('refuses a name longer than servers take', () => {
    const master = `M00/00/00/fwAAFWsCeceAdfZdAAAACw1KEYU733${'_1234567'.repeat(9)}.txt`;
    expect(() => checkSlave(master, '_12345678', 'jpg')).not.toThrow();
    expect(() => checkSlave(`${master.slice(0, -4)}_1234567.txt`, '_12345678', 'jpg')).toThrow('127');
  });
});
