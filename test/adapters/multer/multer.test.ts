/** The multer engine on every supported version of multer: nothing stays of what failed. */
import { once } from 'node:events';
import { Transform } from 'node:stream';
import { expect, it, vi } from 'vitest';
import type { FdfsStorageOptions } from '../../../src/adapters/multer/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { begin, FORM_END, filePart, partHead } from '../shared/form-harness.js';
import { post, VERSIONS } from './harness.js';
import { BLOCK, expectNothingLeft, Gate, LENGTH, leased, rigs } from './rig.js';

for (const version of VERSIONS) {
  onEachServer(`failing with ${version}`, (server) => {
    const start = rigs(version, server);

    it('removes files over the limit', async () => {
      for (const size of [5_000, 5 * BLOCK]) {
        const rig = await start({ limits: { fileSize: size - 1000 } });
        const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(size)), FORM_END);
        expect(json.code).toBe('LIMIT_FILE_SIZE');
        expect(rig.http.outcomes).toHaveLength(1);
        await expectNothingLeft(server, rig);
      }
    });

    it.each([
      ['early', 100],
      ['late', 5 * BLOCK + 100],
    ])('removes a file whose client leaves %s', async (_when, sent) => {
      const rig = await start();
      const socket = await begin(rig.http.port, LENGTH, partHead('file', 'a.bin'), bytes(sent));
      await vi.waitFor(() => expect(rig.http.callbacks).toHaveLength(1));
      if (sent > BLOCK)
        await vi.waitFor(() => expect(rig.uploads[0]?.bytesWritten).toBeGreaterThan(sent - 100));
      socket.resetAndDestroy();
      await rig.http.settled();
      expect(rig.http.outcomes[0]!.error).toBeInstanceOf(Error);
      await expectNothingLeft(server, rig);
    });

    it('removes a file that is being finished when the client leaves in the next one', async () => {
      const finishing = new Gate();
      const rig = await start({
        options: {
          url: async (_req, { fieldname, originalname }) => {
            if (originalname === 'a.bin') await finishing.pass();
            return `/${fieldname}`;
          },
        },
      });
      const socket = await begin(
        rig.http.port,
        LENGTH,
        filePart('file', 'a.bin', bytes(2 * BLOCK)),
        partHead('file', 'b.bin'),
        bytes(100),
      );
      await finishing.reached;
      await vi.waitFor(() => expect(rig.http.callbacks).toHaveLength(2));
      socket.resetAndDestroy();
      await rig.http.settled();
      await rig.http.idle(2);
      expect(rig.http.outcomes[0]!.error).toBeInstanceOf(Error);
      await expectNothingLeft(server, rig);
      finishing.open();
    });

    it('removes a complete file when the client leaves before the next part', async () => {
      const rig = await start();
      const socket = await begin(
        rig.http.port,
        LENGTH,
        filePart('file', 'a.bin', bytes(100)),
        partHead('file', 'b.bin').slice(0, 40),
      );
      await rig.http.idle(1);
      const { fileId } = rig.uploads[0]!;
      socket.resetAndDestroy();
      // Versions before 2.1 never call next then.
      await vi.waitFor(async () => expect(await rig.client.exists(fileId!)).toBe(false));
      await expectNothingLeft(server, rig);
    });

    it('removes everything when the form ends badly', async () => {
      const forms = {
        'in a file': [filePart('file', 'a.bin', bytes(100)), partHead('file', 'b.bin'), bytes(2 * BLOCK)],
        'after a file': [filePart('file', 'a.bin', bytes(2 * BLOCK))],
        'in a header': [filePart('file', 'a.bin', bytes(100)), partHead('file', 'b.bin').slice(0, 40)],
      };
      for (const [where, form] of Object.entries(forms)) {
        const rig = await start();
        const { status } = await post(rig.http.port, ...form);
        expect({ where, status, calls: rig.http.outcomes.length }).toEqual({ where, status: 500, calls: 1 });
        await rig.http.idle(0);
        await expectNothingLeft(server, rig);
      }
    });

    it('removes a file that is being finished when the form ends badly in the next one', async () => {
      const finishing = new Gate();
      const rig = await start({
        options: {
          url: (_req, { originalname }, done) => {
            if (originalname !== 'a.bin') done(null, '/');
            else void finishing.pass().then(() => done(null, '/'));
          },
        },
      });
      const form = Buffer.concat([
        filePart('file', 'a.bin', bytes(100)),
        filePart('file', 'b.bin', bytes(1000)),
      ]);
      const socket = await begin(rig.http.port, form.length, form.subarray(0, -500));
      await finishing.reached;
      socket.write(form.subarray(-500));
      await vi.waitFor(() => expect(rig.http.callbacks[1]).toBe(1));
      // Multer 1.4.4 ends such a part like any other, and waits for the first file before it fails.
      finishing.open();
      await rig.http.settled();
      await rig.http.idle(2);
      expect(rig.http.outcomes[0]!.error).toBeInstanceOf(Error);
      await expectNothingLeft(server, rig);
      socket.destroy();
    });

    it('removes files when another one is not expected', async () => {
      const rig = await start();
      const { json } = await post(
        rig.http.port,
        filePart('file', 'a.bin', bytes(2 * BLOCK)),
        filePart('other', 'b.bin', bytes(10)),
        FORM_END,
      );
      expect(json.code).toBe('LIMIT_UNEXPECTED_FILE');
      await expectNothingLeft(server, rig);
    });

    it('removes files when the filter fails for another one', async () => {
      const rig = await start({
        fileFilter: (_req, { originalname }, done) => {
          if (originalname === 'b.bin') done(new Error('no b'));
          else done(null, true);
        },
      });
      const { json } = await post(
        rig.http.port,
        filePart('file', 'a.bin', bytes(2 * BLOCK)),
        filePart('file', 'b.bin', bytes(2 * BLOCK)),
        FORM_END,
      );
      expect(json.message).toBe('no b');
      await expectNothingLeft(server, rig);
    });

    it.each<[string, FdfsStorageOptions['metadata']]>([
      [
        'throws',
        () => {
          throw new Error('no metadata');
        },
      ],
      ['rejects', () => Promise.reject(new Error('no metadata'))],
      ['calls back with an error', (_req, _file, done) => done(new Error('no metadata'))],
      [
        'throws in place of a callback',
        (_req, _file, _done) => {
          throw new Error('no metadata');
        },
      ],
      [
        'rejects in place of a callback',
        async (_req, _file, _done) => {
          throw new Error('no metadata');
        },
      ],
      [
        'calls back and rejects',
        async (_req, _file, done) => {
          done(new Error('no metadata'));
          throw new Error('late');
        },
      ],
    ])('fails the request when an option %s', async (_how, metadata) => {
      const rig = await start({ options: { metadata: metadata! } });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(500_000)), FORM_END);
      expect(json.message).toBe('no metadata');
      expect(rig.uploads).toEqual([]);
    });

    it('removes the stored file when its url cannot be made', async () => {
      const rig = await start({ options: { url: () => Promise.reject(new Error('no url')) } });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(500)), FORM_END);
      expect(json.message).toBe('no url');
      expect(rig.uploads[0]!.fileId).toBeDefined();
      await expectNothingLeft(server, rig);
    });

    it.each([
      ['less than Node buffers', 100],
      ['more than Node buffers', 4 * 1024 * 1024],
    ])(
      'uploads nothing for a client that leaves while an option is slow, having sent %s',
      async (_what, sent) => {
        const asking = new Gate();
        const rig = await start({
          options: {
            group: async () => {
              await asking.pass();
              return 'group1';
            },
          },
        });
        const socket = await begin(rig.http.port, LENGTH, partHead('file', 'a.bin'), bytes(sent));
        await asking.reached;
        socket.resetAndDestroy();
        await once(socket, 'close');
        asking.open();
        await rig.http.settled();
        expect(rig.http.outcomes[0]!.error).toBeInstanceOf(Error);
        await expectNothingLeft(server, rig);
      },
    );

    it('removes what a failing transform has passed on', async () => {
      const rig = await start({
        options: {
          transforms: [
            () => {
              let left = 3 * BLOCK;
              return new Transform({
                transform(chunk: Buffer, _encoding, callback) {
                  left -= chunk.length;
                  callback(left < 0 ? new Error('bad picture') : null, chunk);
                },
              });
            },
          ],
        },
      });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(1_000_000)), FORM_END);
      expect(json.message).toBe('bad picture');
      await expectNothingLeft(server, rig);
    });

    it('removes what a transform returned early when the part is over the limit', async () => {
      const firstBytes = () => {
        let left = 5;
        return new Transform({
          transform(chunk: Buffer, _encoding, callback) {
            if (left > 0) this.push(chunk.subarray(0, left));
            if (left > 0 && chunk.length >= left) this.push(null);
            left -= Math.min(left, chunk.length);
            callback();
          },
          flush() {},
        });
      };
      const rig = await start({ limits: { fileSize: 500_000 }, options: { transforms: [firstBytes] } });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(1_000_000)), FORM_END);
      expect(json.code).toBe('LIMIT_FILE_SIZE');
      await expectNothingLeft(server, rig);
    });

    it('refuses a file whose size is not the one announced', async () => {
      for (const size of [99, 101]) {
        const rig = await start({ options: { size } });
        const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(100)), FORM_END);
        expect(json.code).toBe('FASTDFS_SIZE_MISMATCH');
        await expectNothingLeft(server, rig);
      }
    });
  });

  onEmbedded(`servers that fail, with ${version}`, (server) => {
    const start = rigs(version, server);

    it('fails when no tracker answers', async () => {
      await server.fdfs.stopTracker(0);
      try {
        const rig = await start({ client: { retry: { retries: 0 } } });
        const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(1_000_000)), FORM_END);
        expect(json.code).toMatch(/^FASTDFS_/);
        expect(rig.http.outcomes).toHaveLength(1);
      } finally {
        await server.fdfs.startTracker(0);
      }
    });

    it.each(['reset', 'close', 'garbage'] as const)(
      'removes a file when the storage answers a block with a %s',
      async (action) => {
        const rig = await start({
          options: { whenSizeUnknown: 'stream' },
          client: { retry: { retries: 0 } },
        });
        server.fdfs.inject({ command: 'MODIFY_FILE', server: 'storage', afterBytes: 1000, action });
        const { json } = await post(
          rig.http.port,
          filePart('file', 'a.bin', bytes(10)),
          filePart('file', 'b.bin', bytes(5 * BLOCK)),
          FORM_END,
        );
        expect(json.code).toMatch(/^FASTDFS_/);
        await expectNothingLeft(server, rig);
      },
    );

    it('reports a full disk', async () => {
      const rig = await start({ client: { retry: { retries: 0 } } });
      server.fdfs.inject({
        server: 'tracker',
        action: 'status',
        status: 28,
        times: Number.POSITIVE_INFINITY,
      });
      const { json } = await post(rig.http.port, filePart('file', 'a.bin', bytes(10)), FORM_END);
      expect(json.code).toBe('FASTDFS_NO_SPACE');
    });

    it('removes a file that the storage is just confirming when the client leaves', async () => {
      const rig = await start();
      server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'slow' });
      const socket = await begin(
        rig.http.port,
        LENGTH,
        filePart('file', 'a.bin', bytes(100)),
        partHead('file', 'b.bin'),
        bytes(100),
      );
      await vi.waitFor(() => expect(server.fdfs.files()).toHaveLength(1), { interval: 1 });
      socket.resetAndDestroy();
      await rig.http.settled();
      await expectNothingLeft(server, rig);
      await vi.waitFor(() => expect(leased(rig.client)).toBe(0));
      expect(rig.http.outcomes[0]!.error).toBeInstanceOf(Error);
    });
  });
}
