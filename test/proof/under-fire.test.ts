/** A public server in front of FastDFS, and clients who mean it no good: it goes on serving, and keeps nothing of theirs. */
import { expect, it } from 'vitest';
import { createToken } from '../../src/index.js';
import { assault } from '../helpers/assault.js';
import { bytes, sha256 } from '../helpers/bytes.js';
import { MIB } from '../helpers/memory.js';
import { PublicServer, SECRET, TUS } from '../helpers/public-server.js';
import { newSeed, Random } from '../helpers/random.js';
import { onEmbedded } from '../helpers/servers.js';

/** One tracker, three storages, 16 connections to each at most, both ends of them in this process. */
const KEPT_HANDLES = 4 * 16 * 2;

onEmbedded('under fire', (server) => {
  it('3,000 half-open requests, crawling bodies and readers, and clients that vanish do not stop others', {
    timeout: 120_000,
  }, async () => {
    const force = { halfOpen: 3000, deaf: 60, crawling: 400, sipping: 60, vanishing: 300, honest: 5 };
    const client = server.client();
    const after = await assault(client, () => server.fdfs.files().length, force);
    if (process.env.FIRE_REPORT) console.log(after);
    // All of them, but whom a slow machine has made wait so long that the web server closed on them.
    expect(after.crowd).toBeGreaterThan(3000);
    expect(after).toMatchObject({ wrong: 0, held: 0, leased: 0, strays: 0 });
    expect(after.slowestMs).toBeLessThan(25_000);
    expect(after.grownBytes).toBeLessThan(32 * MIB);
    expect(after.handles[1]).toBeLessThan(after.handles[0] + KEPT_HANDLES);
  });

  it('forged, expired and stolen tokens get a 403, and FastDFS gets no request', async () => {
    const client = server.client();
    const content = bytes(5000);
    const [{ fileId }, other] = [await client.upload(content), await client.upload('other')];
    await using site = await PublicServer.over(client);
    const now = Math.floor(Date.now() / 1000);
    const of = (id: string, secret: string, ts: number) =>
      createToken(id.slice(id.indexOf('/') + 1), secret, ts);
    const good = of(fileId, SECRET, now);
    const random = new Random(newSeed());
    const flipped = () => {
      const at = random.int(0, good.length - 1);
      return good.slice(0, at) + (good[at] === 'f' ? '0' : 'f') + good.slice(at + 1);
    };
    const forged = [
      '',
      '?',
      '?token=',
      `?token=${good}`,
      `?ts=${now}`,
      `?token=${good}&ts=${now + 1}`,
      `?token=${good}&ts=${now}.0`,
      `?token=${good}&ts=0x${now.toString(16)}`,
      `?token=${good}&ts=${now}&ts=1`.replace('&ts=', '&ts=9'),
      `?token[]=${good}&ts=${now}`,
      `?token=${good.slice(0, -1)}&ts=${now}`,
      `?token=${good}0&ts=${now}`,
      `?token=${of(fileId, 'guessed', now)}&ts=${now}`,
      `?token=${of(other.fileId, SECRET, now)}&ts=${now}`,
      `?token=${of(fileId, SECRET, now - 100_000)}&ts=${now - 100_000}`,
      `?token=${of(fileId, SECRET, now + 100_000)}&ts=${now + 100_000}`,
      ...Array.from({ length: 200 }, () => `?token=${flipped()}&ts=${now}`),
    ];
    const before = server.fdfs.requests();
    for (const query of forged)
      for (const method of ['GET', 'HEAD'])
        expect([query, await site.status(method, `/s/${fileId}${query}`)]).toEqual([query, 403]);
    expect(server.fdfs.requests()).toBe(before);
    expect(sha256(await site.get(`/s/${fileId}?token=${good}&ts=${now}`))).toBe(sha256(content));
    await client.delete(fileId);
    await client.delete(other.fileId);
  });

  it('tricks with paths are refused without a request to FastDFS', async () => {
    const client = server.client();
    const { fileId } = await client.upload('x', { metadata: { secret: 'yes' } });
    const [folder, name] = [fileId.slice(0, fileId.lastIndexOf('/')), fileId.slice(-20)];
    await using site = await PublicServer.over(client);
    const tricks = [
      '/f/../../etc/passwd',
      '/f//etc/passwd',
      `/f/${folder}/../../../../../etc/passwd`,
      `/f/${folder}/..%2f..%2f..%2fetc%2fpasswd`,
      `/f/${folder}/%2e%2e/${name}`,
      `/f/${folder}/%252e%252e%252f${name}`,
      `/f/${folder}/..\\..\\${name}`,
      `/f/${folder}/..%5c..%5c${name}`,
      `/f/${folder}/%c0%ae%c0%ae/${name}`,
      `/f/${fileId}%00.png`,
      `/f/${fileId}%0d%0aSet-Cookie:%20a=b`,
      `/f/${fileId}/`,
      `/f/${fileId}/.`,
      `/f/./${fileId}`,
      `/f/${fileId}-m`,
      `/f/${fileId}%2dm`,
      `/f/${fileId.replace('/', '%2f')}`,
      `/f/${fileId.replace('M00', 'M00/..')}`,
      `/f/${fileId.replace('M00', 'MFF/../M00')}`,
      `/f/${fileId.replace('group1', 'group1\\')}`,
      `/f/${fileId.replace(/^group\d/, 'a'.repeat(17))}`,
      `/f/${folder}/${'A'.repeat(4000)}`,
      '/f/%',
      '/f/%E0%A4%A',
      '/f/__proto__/M00/00/00/constructor',
      '/f',
      '/f/',
    ];
    const before = server.fdfs.requests();
    for (const path of tricks)
      for (const method of ['GET', 'HEAD', 'DELETE', 'PUT'])
        expect([method, path, await site.status(method, path)]).toEqual([
          method,
          path,
          expect.toSatisfy((status: number) => status === 400 || status === 404),
        ]);
    expect(server.fdfs.requests()).toBe(before);
    expect(await site.get(`/f/${fileId}`)).toHaveLength(1);
    await client.delete(fileId);
  });

  it('forged ids of resumable uploads are unknown, by whichever verb, and FastDFS gets no request', async () => {
    const client = server.client();
    const victim = await client.upload('not an upload of tus', { appender: true });
    await using site = await PublicServer.over(client);
    const path = await site.begin(1000);
    const id = path.slice(path.lastIndexOf('/') + 1);
    const [name = '', signature = ''] = id.split('.');
    const encoded = Buffer.from(victim.fileId).toString('base64url');
    const random = new Random(newSeed());
    const tampered = () => {
      const at = random.int(0, id.length - 1);
      return (
        id.slice(0, at) + random.pick([...'ABCxyz019-_.'].filter((c) => c !== id[at])) + id.slice(at + 1)
      );
    };
    const forged = [
      victim.fileId.replaceAll('/', '%2f'),
      encoded,
      `${encoded}.`,
      `${encoded}.${signature}`,
      `${name}.`,
      `${name}`,
      `.${signature}`,
      `${id}.${signature}`,
      `${id}%00`,
      'x'.repeat(3000),
      '..%2f..%2fetc%2fpasswd',
      ...Array.from({ length: 100 }, tampered),
    ];
    const before = server.fdfs.requests();
    const patch = { ...TUS, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' };
    for (const each of forged) {
      expect([each, await site.status('HEAD', `/tus/${each}`, TUS)]).toEqual([each, 404]);
      expect([each, await site.status('DELETE', `/tus/${each}`, TUS)]).toEqual([each, 404]);
      expect([each, await site.status('PATCH', `/tus/${each}`, patch)]).toEqual([each, 404]);
    }
    expect(server.fdfs.requests()).toBe(before);
    expect(await site.status('DELETE', path, TUS)).toBe(204);
    await client.delete(victim.fileId);
  });
});
