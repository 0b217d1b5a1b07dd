/** Local files that are not what they seem: pipes, files that shrink; and the folder of spool files on a full disk. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, truncateSync } from 'node:fs';
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytes, pieces } from '../helpers/bytes.js';
import { buildScript } from '../helpers/run/build.js';
import { onEachServer } from '../helpers/servers.js';
import { mountSmallDisk } from '../helpers/small-disk.js';

const MIB = 1024 * 1024;
const SIZES = [0, 1, MIB, MIB + 1, 5 * MIB + 3];

onEachServer('special files', (server) => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'special-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe.skipIf(process.platform === 'win32')('pipes', () => {
    function makePipe(): string {
      const name = path.join(folder, 'pipe');
      execFileSync('mkfifo', [name]);
      return name;
    }

    it.each(SIZES)('a named pipe of %i bytes goes up as an ordinary file', async (size) => {
      const client = server.client();
      const content = bytes(size);
      const name = makePipe();
      const writing = writeFile(name, content);
      const uploaded = await client.uploadFile(name);
      await writing;
      expect([uploaded.size, uploaded.kind]).toEqual([size, 'normal']);
      expect((await client.download(uploaded.fileId)).equals(content)).toBe(true);
      await client.delete(uploaded.fileId);
    });

    it('a pipe whose size is given is read in one request, and refused when it has fewer bytes', async () => {
      const client = server.client();
      const content = bytes(2 * MIB);
      const name = makePipe();
      let writing = writeFile(name, content);
      const { fileId } = await client.uploadFile(name, { size: content.length });
      await writing;
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
      writing = writeFile(name, content);
      await expect(client.uploadFile(name, { size: content.length + 1 })).rejects.toMatchObject({
        code: 'FASTDFS_SIZE_MISMATCH',
      });
      await writing;
    });

    it('an idle pipe does not keep an aborted call waiting', async () => {
      const client = server.client();
      const name = makePipe();
      const abort = new AbortController();
      const uploading = client.uploadFile(name, { signal: abort.signal });
      const writer = await open(name, 'w');
      await writer.write('abc');
      await delay(50);
      abort.abort(new Error('enough'));
      await expect(uploading).rejects.toThrow('enough');
      await writer.close();
    });

    it.skipIf(!existsSync('/dev/stdin')).each(SIZES)('/dev/stdin with %i bytes', async (size) => {
      const client = server.client();
      const content = bytes(size);
      const file = path.join(folder, 'content');
      await writeFile(file, content);
      const script = await buildScript(new URL('../helpers/upload-stdin.ts', import.meta.url));
      // A shell's pipe: what Node gives a child as standard input is a socket, which has no path to open.
      const command = 'cat "$1" | "$2" "$3" "$4"';
      const args = ['-c', command, 'sh', file, process.execPath, script, server.trackers.join(',')];
      const { stdout } = await promisify(execFile)('sh', args);
      expect((await client.download(stdout)).equals(content)).toBe(true);
      await client.delete(stdout);
    });
  });

  it('a file that shrinks while it is uploaded fails, and leaves nothing', async () => {
    const client = server.client();
    const file = path.join(folder, 'shrinking');
    await writeFile(file, bytes(16 * MIB));
    const onProgress = () => truncateSync(file, MIB);
    await expect(client.uploadFile(file, { onProgress })).rejects.toMatchObject({
      code: 'FASTDFS_SIZE_MISMATCH',
      message: expect.stringContaining(`${16 * MIB}`),
    });
  });

  it('spool files that a killed process left are removed; those of running processes stay', async () => {
    const client = server.client({ spool: { directory: folder } });
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const names = [`fastdfs-spool-${dead}-0a`, `fastdfs-spool-${process.ppid}-0a`, 'mine'];
    await Promise.all(names.map((name) => writeFile(path.join(folder, name), 'abc')));
    const { fileId } = await client.upload(pieces(bytes(2 * MIB)));
    expect((await readdir(folder)).sort()).toEqual(names.slice(1).sort());
    await client.delete(fileId);
  });

  it('a full disk ends an upload of unknown length with a clear error, and later ones go', async (context) => {
    const directory = path.join(folder, 'disk');
    const disk = mountSmallDisk(directory, 4);
    if (!disk) context.skip('mounting a small disk is not permitted');
    try {
      const client = server.client({ spool: { directory } });
      await expect(client.upload(pieces(bytes(8 * MIB)))).rejects.toMatchObject({
        code: 'FASTDFS_SPOOL',
        status: 507,
        message: expect.stringContaining('spool.directory'),
        cause: { code: 'ENOSPC' },
      });
      expect(await readdir(directory)).toEqual([]);
      // The space is free again.
      const content = bytes(3 * MIB);
      const { fileId } = await client.upload(pieces(content));
      expect((await client.download(fileId)).equals(content)).toBe(true);
      await client.delete(fileId);
    } finally {
      disk?.unmount();
    }
  });
});
