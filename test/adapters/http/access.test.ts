/** Access to files: tokens, groups, and paths that must reach no server. */
import { expect, it, vi } from 'vitest';
import { fdfsServe, type ServeOptions } from '../../../src/adapters/http/index.js';
import { createToken } from '../../../src/index.js';
import { onEachServer, onEmbedded } from '../../helpers/servers.js';
import { onEachDoor, Site } from './harness.js';

const SECRET = 'FastDFS1234567890';
const HOUR = 3_600_000;

onEmbedded('serving files with tokens', (server) =>
  onEachDoor((door) => {
    const now = () => Math.floor(Date.now() / 1000);

    it.each<[string, ServeOptions<unknown>]>([
      ['options', { secret: SECRET, clockSkewMs: 5000, ttlSeconds: 60 }],
      ['an object', { token: { secret: SECRET, clockSkewMs: 5000, ttlSeconds: 60 } }],
    ])('accepts valid tokens and refuses all others (by %s)', async (_, options) => {
      const client = server.client({ httpSecret: SECRET, baseUrl: 'http://localhost' });
      const { fileId } = await client.upload('secret', { ext: 'txt' });
      const other = await client.upload('other');
      await using site = await Site.start(door.open(client, options).listener);
      const at = (ts: number | string, secret = SECRET, name = fileId) =>
        `token=${createToken(name, secret, Number(ts))}&ts=${ts}`;
      const good = [
        at(now()),
        at(0),
        at(now() - 59),
        at(now() - 63),
        at(now() + 3),
        `${at(now())}&filename=a.txt`,
      ];
      const bad = [
        '',
        'token=&ts=',
        'token=x&ts=1',
        at(now(), 'another secret'),
        at(now(), SECRET, other.fileId),
        at(now() - 120),
        at(now() + 120),
        at(now()).toUpperCase(),
        at(now()).replace(/token=./, 'token=x'),
        at(now()).replace(/&ts=.*/, `&ts=${now() + 1}`),
        at(now()).replace(/&ts=.*/, ''),
      ];
      for (const query of good) {
        expect([query, (await site.get(`/${fileId}?${query}`)).status]).toEqual([query, 200]);
      }
      const asked = server.fdfs.requests();
      for (const query of bad) {
        for (const method of ['GET', 'HEAD']) {
          const { status, body } = await site.get(`/${fileId}?${query}`, { method });
          expect([query, status]).toEqual([query, 403]);
          expect(body.toString()).not.toContain('secret');
        }
      }
      expect(server.fdfs.requests()).toBe(asked);
      await client.delete(fileId);
      await client.delete(other.fileId);
    });

    it('accepts the urls of a client that has the secret', async () => {
      const client = server.client({ httpSecret: SECRET });
      const { fileId } = await client.upload('x');
      await using site = await Site.start(door.open(client, { secret: SECRET }).listener);
      expect((await site.get(client.url(fileId, { filename: 'a b.txt' }))).status).toBe(200);
      const old = client.url(fileId, { now: new Date(Date.now() - HOUR) });
      expect((await site.get(old)).status).toBe(403);
      await client.delete(fileId);
    });

    it('lets no link choose the name of a file, unless the option allows it', async () => {
      const client = server.client({ httpSecret: SECRET });
      const { fileId } = await client.upload('x', { ext: 'txt' });
      const path = client.url(fileId, { filename: 'a b.txt' });
      for (const [options, expected] of [
        [{}, undefined],
        [{ queryFilename: true }, 'attachment; filename="a b.txt"'],
        [{ filename: 'own.txt' }, 'attachment; filename=own.txt'],
      ] as const) {
        await using site = await Site.start(door.open(client, { ...options, secret: SECRET }).listener);
        expect((await site.get(path)).headers['content-disposition']).toBe(expected);
      }
      await client.delete(fileId);
    });

    it('limits caching of signed links to their lifetime and to private caches', async () => {
      const client = server.client({ httpSecret: SECRET });
      const { fileId } = await client.upload('x');
      const link = (ts: number) => `/${fileId}?token=${createToken(fileId, SECRET, ts)}&ts=${ts}`;
      await using site = await Site.start(
        door.open(client, { secret: SECRET, ttlSeconds: 600, clockSkewMs: 60_000, maxAge: HOUR }).listener,
      );
      const seconds = async (ts: number) => {
        const { status, headers } = await site.get(link(ts));
        expect(status).toBe(200);
        const [, age] = /^private, max-age=(\d+), no-transform$/.exec(headers['cache-control']!)!;
        return Number(age);
      };
      expect(await seconds(0)).toBe(3600);
      expect(await seconds(now())).toBeOneOf([599, 600]);
      expect(await seconds(now() - 590)).toBeOneOf([8, 9, 10]);
      // Good by the skew alone.
      expect(await seconds(now() - 630)).toBe(0);
      const { headers } = await site.get(link(now() - 590), { headers: { 'If-None-Match': '*' } });
      expect(headers['cache-control']).toMatch(/^private, max-age=\d, no-transform$|max-age=10,/);
      await using short = await Site.start(door.open(client, { secret: SECRET, maxAge: 5000 }).listener);
      expect((await short.get(link(now()))).headers['cache-control']).toBe(
        'private, max-age=5, no-transform',
      );
      await client.delete(fileId);
    });

    it('accepts tokens for as long as the urls of its client are made for', async () => {
      const client = server.client({ httpSecret: SECRET, tokenTtlSeconds: 60 });
      const { fileId } = await client.upload('x');
      const link = (ts: number) => `/${fileId}?token=${createToken(fileId, SECRET, ts)}&ts=${ts}`;
      await using site = await Site.start(door.open(client, { secret: SECRET, maxAge: HOUR }).listener);
      const { status, headers } = await site.get(client.url(fileId, { expiresIn: 30 }));
      expect([status, headers['cache-control']]).toEqual([
        200,
        expect.stringMatching(/^private, max-age=(29|30), no-transform$/),
      ]);
      expect((await site.get(link(now() - 100))).status).toBe(403);
      await using longer = await Site.start(door.open(client, { secret: SECRET, ttlSeconds: 200 }).listener);
      expect((await longer.get(link(now() - 100))).status).toBe(200);
      await client.delete(fileId);
    });

    it('calls no next handler for a refused request', async () => {
      const next = vi.fn();
      const serve = fdfsServe(server.client(), { secret: SECRET });
      await using site = await Site.start((req, res) => serve(req, res, next));
      const fileId = 'group1/M00/03/03/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt';
      expect((await site.get(`/${fileId}`)).status).toBe(403);
      expect(next).not.toHaveBeenCalled();
    });
  }),
);

onEachServer('paths of files', (server) =>
  onEachDoor((door) => {
    it.each([
      ['a store path that the storage does not have', (id: string) => id.replace('M00', 'M77')],
      ['another name', (id: string) => id.replace(/....\.txt$/, '9999.txt')],
      ['an unknown group', (id: string) => id.replace('group1', 'nosuch')],
    ])('%s is not found', async (_, change) => {
      const client = server.client();
      const { fileId } = await client.upload('x', { ext: 'txt', group: 'group1' });
      await using site = await Site.start(door.open(client).listener);
      const other = change(fileId);
      expect(other).not.toBe(fileId);
      for (const asking of [{}, { method: 'HEAD' }, { headers: { 'If-None-Match': '*' } }]) {
        expect((await site.get(`/${other}`, asking)).status).toBe(404);
      }
      await client.delete(fileId);
    });

    it('may lack the group where there is a default', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x', { ext: 'txt', group: 'group2' });
      const path = fileId.slice('group2'.length);
      await using site = await Site.start(door.open(client, { defaultGroup: 'group2' }).listener);
      expect((await site.get(path)).body.toString()).toBe('x');
      expect((await site.get(`/${fileId}`)).body.toString()).toBe('x');
      await using plain = await Site.start(door.open(client).listener);
      expect((await plain.get(path)).status).toBe(404);
      await using other = await Site.start(door.open(client, { defaultGroup: 'group1' }).listener);
      expect((await other.get(path)).status).toBe(404);
      const ts = Math.floor(Date.now() / 1000);
      await using guarded = await Site.start(
        door.open(client, { defaultGroup: 'group2', groups: 'group2', secret: SECRET }).listener,
      );
      expect((await guarded.get(path)).status).toBe(403);
      expect((await guarded.get(`${path}?token=${createToken(fileId, SECRET, ts)}&ts=${ts}`)).status).toBe(
        200,
      );
      await client.delete(fileId);
    });

    it('may end like that of metadata, where the file is none', async () => {
      const client = server.client();
      await using site = await Site.start(door.open(client).listener);
      for (const [name, appender] of [
        ['list.-m', false],
        ['list.a-m', false],
        ['list.x.-m', false],
        ['list.-m', true],
      ] as const) {
        const { fileId } = await client.upload(name, { filename: name, appender, metadata: { hidden: 'x' } });
        expect(fileId).toMatch(/-m$/);
        expect((await site.get(`/${fileId}`)).body.toString()).toBe(name);
        expect((await site.get(`/${fileId}`, { method: 'HEAD' })).status).toBe(200);
        expect((await site.get(`/${fileId}-m`)).status).toBe(404);
        await client.delete(fileId);
        expect((await site.get(`/${fileId}`)).status).toBe(404);
      }
    });
  }),
);

onEmbedded('serving files to strangers', (server) =>
  onEachDoor((door) => {
    it('sends no request to a server for a path that names no file', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x', { ext: 'txt', group: 'group1', metadata: { secret: 'x' } });
      const slave = await client.uploadSlave(fileId, '_s', 'slave', { metadata: { secret: 'x' } });
      const [group, ...rest] = fileId.split('/');
      const name = rest.join('/');
      await using site = await Site.start(door.open(client, { groups: ['group1'] }).listener);
      expect((await site.get(`/${fileId}`)).status).toBe(200);
      expect((await site.get(`/${fileId.replace('M', '%4D')}`)).status).toBe(200);
      const tricks = [
        '',
        '/',
        '/etc/passwd',
        `/../${fileId}`,
        `/x/../${fileId}`,
        `/./${fileId}`,
        `//${fileId}`,
        `/${fileId}/`,
        `/${fileId}/..`,
        `/${group}//${name}`,
        `/${group}/M00/../../${name}`,
        `/${group}/M00/00/00/../../../../etc/passwd`,
        `/${group}/M00/00/00/..%2f..%2f..%2fetc%2fpasswd`,
        `/${group}/M00/00/00/..%252f..%252fetc%252fpasswd`,
        `/%2e%2e/${fileId}`,
        `/%252e%252e/${fileId}`,
        `/${fileId.replace('M', '%254D')}`,
        `/${fileId.replaceAll('/', '%2F')}`,
        `/${fileId.replace('/M', '%2FM')}`,
        `/${fileId.replaceAll('/', '\\')}`,
        `/${fileId.replaceAll('/', '%5C')}`,
        `/${fileId}%00`,
        `/${fileId}%00.jpg`,
        `/%00${fileId}`,
        `/${fileId}%0a`,
        `/${fileId}%20`,
        `/${fileId}%`,
        `/${fileId}%zz`,
        `/${fileId}%ff`,
        `/${fileId}-m`,
        `/${fileId}%2dm`,
        `/${slave.fileId}-m`,
        `/${fileId}${'a'.repeat(100)}`,
        `/${fileId}${'a'.repeat(8000)}`,
        `/${name}`,
        `/group2/${name}`,
        `/nosuch/${name}`,
        `/${'g'.repeat(17)}/${name}`,
        `/${fileId.slice(0, 40)}`,
        `/prefix/${fileId}`,
        `/${group}/m00/${name.slice(4)}`,
        `/${group}/${name.slice(0, 4)}${name.slice(4).toLowerCase().replace('/', '/aa/')}`,
      ];
      // A Request has no dot segments: they are resolved before any code of ours sees the path.
      const forward = tricks.filter((trick) => !trick.includes('\\'));
      const resolved = forward.filter(
        (trick) => door.name === 'fdfsFetch' && new URL(`http://localhost${trick}`).pathname === `/${fileId}`,
      );
      for (const trick of resolved) {
        expect([trick, (await site.get(trick)).body.toString()]).toEqual([trick, 'x']);
      }
      const asked = server.fdfs.requests();
      for (const trick of tricks.filter((each) => !resolved.includes(each))) {
        for (const method of ['GET', 'HEAD']) {
          const { status } = await site.get(trick === '' ? '?' : trick, { method });
          expect([trick, status]).toEqual([trick, expect.toBeOneOf([400, 404])]);
        }
      }
      expect(server.fdfs.requests()).toBe(asked);
      await client.delete(slave.fileId);
      await client.delete(fileId);
    });

    it('sends no request to a storage for an unknown group', async () => {
      const client = server.client();
      const { fileId } = await client.upload('x', { group: 'group1' });
      await using site = await Site.start(door.open(client).listener);
      const storages = () =>
        ['group1/0', 'group1/1', 'group2/0'].reduce(
          (sum, at) => sum + server.fdfs.requests(undefined, at),
          0,
        );
      const asked = storages();
      expect((await site.get(`/${fileId.replace('group1', 'nosuch')}`)).status).toBe(404);
      expect(storages()).toBe(asked);
      await client.delete(fileId);
    });
  }),
);
