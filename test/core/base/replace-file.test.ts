/** Local files are replaced whole or not at all, with their mode and links kept, and leftovers of killed processes removed. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceFile } from '../../../src/core/base/replace-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'replace-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string) => path.join(folder, name);
const put = (name: string, text: string) => replaceFile(at(name), (handle) => handle.writeFile(text));
const read = (name: string) => readFile(at(name), 'utf8');

describe('replaceFile', () => {
  it('makes a file, and gives what the writer returns', async () => {
    expect(await replaceFile(at('new'), async (handle) => (await handle.write('text')).bytesWritten)).toBe(4);
    expect(await readdir(folder)).toEqual(['new']);
    expect(await read('new')).toBe('text');
  });

  it.each([0o600, 0o444, 0o755, 0o640])('keeps the mode %o of a file that is there', async (mode) => {
    await writeFile(at('old'), 'old');
    await chmod(at('old'), mode);
    await put('old', 'new');
    expect((await stat(at('old'))).mode & 0o7777).toBe(mode);
    expect(await read('old')).toBe('new');
  });

  it('follows links, also to a file that is not there yet', async () => {
    await mkdir(at('there'));
    await writeFile(at('there/old'), 'old');
    await symlink('there/old', at('link'));
    await symlink('link', at('chain'));
    await symlink('there/none', at('dangling'));
    await put('chain', 'new');
    await put('dangling', 'made');
    expect(await read('there/old')).toBe('new');
    expect(await read('there/none')).toBe('made');
    expect(await readlink(at('link'))).toBe('there/old');
    expect((await lstat(at('chain'))).isSymbolicLink()).toBe(true);
    expect((await readdir(at('there'))).sort()).toEqual(['none', 'old']);
    await symlink('b', at('a'));
    await symlink('a', at('b'));
    await expect(put('a', 'x')).rejects.toMatchObject({ code: 'ELOOP', path: at('a') });
  });

  it('leaves the other name of a file with two', async () => {
    await writeFile(at('one'), 'old');
    await link(at('one'), at('two'));
    await put('one', 'new');
    expect([await read('one'), await read('two')]).toEqual(['new', 'old']);
  });

  it('takes the longest name that a folder takes', async () => {
    for (const name of ['a'.repeat(255), '文'.repeat(85)]) {
      await put(name, 'text');
      expect(await read(name)).toBe('text');
    }
    await expect(put('a'.repeat(256), 'text')).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('leaves what was there, and nothing else, when the writer fails', async () => {
    await writeFile(at('old'), 'old');
    const failing = replaceFile(at('old'), async (handle) => {
      await handle.write('half');
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await readdir(folder)).toEqual(['old']);
    expect(await read('old')).toBe('old');
  });

  it('names the file, not the temporary one, in errors', async () => {
    await expect(put('no/such', 'x')).rejects.toMatchObject({
      code: 'ENOENT',
      path: at('no/such'),
      message: expect.stringContaining(at('no/such')),
    });
    await mkdir(at('folder'));
    await expect(put('folder', 'x')).rejects.toMatchObject({ code: 'EISDIR', path: at('folder') });
  });

  it('writes to devices', async () => {
    expect(await replaceFile('/dev/null', async (handle) => (await handle.write('text')).bytesWritten)).toBe(
      4,
    );
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('removes what a killed process left, and nothing of others', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
    const dead = `.fdfs-${host}-${child.pid}-0123456789ab.part`;
    const kept = [
      `.fdfs-${host}-${process.ppid}-0123456789ab.part`,
      `.fdfs-00000000-${child.pid}-0123456789ab.part`,
      '.other.0123456789ab.part',
    ];
    for (const name of [dead, ...kept]) await writeFile(at(name), 'half');
    await put('new', 'text');
    expect((await readdir(folder)).sort()).toEqual([...kept, 'new'].sort());
  });
});
