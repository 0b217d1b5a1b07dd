/** Names of strangers' files, as browsers send them, through every version of multer. */
import { expect, it } from 'vitest';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer } from '../../helpers/servers.js';
import { FORM_END, filePart, partHead } from '../shared/form-harness.js';
import { post, VERSIONS } from './harness.js';
import { rigs } from './rig.js';

/** What the browser has, what the application sees, and what is stored. */
const NAMES: [string, string, string?][] = [
  ['截图 2024.txt', '截图 2024.txt'],
  ['été.txt', 'été.txt'],
  ['🦊 a.txt', '🦊 a.txt'],
  [`${'图'.repeat(120)}.txt`, `${'图'.repeat(120)}.txt`, `${'图'.repeat(84)}.txt`],
  [`${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(300)}.tar.gz`, `${'x'.repeat(249)}.tar.gz`],
];

for (const version of VERSIONS) {
  onEachServer(`names with ${version}`, (server) => {
    const start = rigs(version, server);

    it('arrive as the browser has them, and are stored as far as they fit', async () => {
      const seen: string[] = [];
      const { http, client } = await start({
        options: {
          keepFilename: true,
          metadata: (_req, { originalname }) => {
            seen.push(originalname);
            return { unknown: undefined, kind: 'a' };
          },
        },
      });
      await post(http.port, ...NAMES.map(([name]) => filePart('file', name, bytes(10))), FORM_END);
      const { files, error } = http.outcomes[0]!;
      expect(error).toBeUndefined();
      expect(files.map(({ originalname }) => originalname)).toEqual(NAMES.map(([, name]) => name));
      expect(seen).toEqual(NAMES.map(([, name]) => name));
      for (const [index, { fileId }] of files.entries()) {
        const [, name, stored = name] = NAMES[index]!;
        expect(await client.getMetadata(fileId!)).toEqual({ filename: stored, kind: 'a' });
        expect(fileId).toMatch(/\.(txt|tar\.gz)$/);
        await client.delete(fileId!);
      }
    });

    // Version 1.4.4 reads every name as UTF-8.
    it.skipIf(version === 'multer-1.4.4')('stay latin1 where a client sends that', async () => {
      const { http, client } = await start({ options: { keepFilename: true } });
      const head = Buffer.from(partHead('file', 'été.txt'), 'latin1');
      await post(http.port, head, bytes(10), '\r\n', FORM_END);
      const [file] = http.outcomes[0]!.files;
      expect(file).toMatchObject({ originalname: 'été.txt', metadata: { filename: 'été.txt' } });
      await client.delete(file!.fileId!);
    });
  });
}
