/** Clients as providers of Nest applications: injection, configuration, uploads, health, errors, shutdown. */
import type { INestApplication } from '@nestjs/common';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FastDFSClient } from '../../../src/index.js';
import { bytes } from '../../helpers/bytes.js';
import { onEmbedded } from '../../helpers/servers.js';
import { loadAdapter, loadNest, NEST_VERSIONS, type Nest } from './versions.js';

type Adapter = Awaited<ReturnType<typeof loadAdapter>>;

describe.each(NEST_VERSIONS)('Nest %i', (version) => {
  let nest: Nest;
  let adapter: Adapter;
  const open: INestApplication[] = [];
  beforeAll(async () => {
    nest = await loadNest(version);
    adapter = await loadAdapter(nest);
  });
  afterEach(async () => {
    for (const app of open.splice(0)) await app.close();
  });

  /** Starts an application of these modules, controllers and providers. */
  async function start(metadata: Parameters<Nest['testing']['Test']['createTestingModule']>[0]) {
    const module = await nest.testing.Test.createTestingModule(metadata).compile();
    const app = module.createNestApplication({ logger: false });
    app.enableShutdownHooks();
    open.push(app);
    await app.listen(0, '127.0.0.1');
    return { app, url: (await app.getUrl()).replace('[::1]', '127.0.0.1') };
  }

  onEmbedded('a module of clients', (server) => {
    const conf = () => ({ trackers: server.trackers });

    it('provides one client to all modules, by its class and by the decorator', async () => {
      const { Injectable, Inject, Module } = nest.common;
      const { FastDFSModule, InjectFastDFS, FastDFSClient } = adapter;
      @Injectable()
      class Files {
        @InjectFastDFS() readonly one!: FastDFSClient;
        @Inject(FastDFSClient) readonly two!: FastDFSClient;
      }
      @Module({ providers: [Files], exports: [Files] })
      class FilesModule {}
      const { app } = await start({ imports: [FastDFSModule.forRoot({ conf: conf() }), FilesModule] });
      const { one, two } = app.get(Files);
      expect(one).toBeInstanceOf(FastDFSClient);
      expect(two).toBe(one);
      const { fileId } = await one.upload('x');
      await one.delete(fileId);
    });

    it('provides clients with names beside one without', async () => {
      const { Injectable } = nest.common;
      const { FastDFSModule, InjectFastDFS, getFastDFSToken } = adapter;
      @Injectable()
      class Files {
        @InjectFastDFS() readonly main!: FastDFSClient;
        @InjectFastDFS('archive') readonly archive!: FastDFSClient;
      }
      const { app } = await start({
        imports: [
          FastDFSModule.forRoot({ conf: conf() }),
          FastDFSModule.forRoot({ name: 'archive', conf: { ...conf(), group: 'group2' } }),
          FastDFSModule.forRootAsync({ name: 'third', useFactory: () => ({ ...conf(), group: 'group1' }) }),
        ],
        providers: [Files],
      });
      const { main, archive } = app.get(Files);
      const third: FastDFSClient = app.get(getFastDFSToken('third'));
      expect(new Set([main, archive, third]).size).toBe(3);
      for (const [client, group] of [
        [archive, 'group2'],
        [third, 'group1'],
      ] as const) {
        const uploaded = await client.upload('x');
        expect(uploaded.group).toBe(group);
        await client.delete(uploaded.fileId);
      }
      await app.close();
      open.length = 0;
      for (const client of [main, archive, third]) {
        await expect(client.upload('x')).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
      }
    });

    it.each(['useFactory', 'useClass', 'useExisting'] as const)('is configured by %s', async (by) => {
      const { Injectable, Inject, Module } = nest.common;
      const { FastDFSModule, FastDFSClient } = adapter;
      @Injectable()
      class Settings {
        readonly trackers = server.trackers;
      }
      @Module({ providers: [Settings], exports: [Settings] })
      class SettingsModule {}
      @Injectable()
      class Factory {
        @Inject(Settings) readonly settings!: Settings;
        async createFastDFSConf() {
          return { trackers: this.settings.trackers };
        }
      }
      @Module({ imports: [SettingsModule], providers: [Factory], exports: [Factory] })
      class FactoryModule {}
      const ways = {
        useFactory: {
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: async ({ trackers }: Settings) => ({ trackers }),
        },
        useClass: { imports: [SettingsModule], useClass: Factory },
        useExisting: { imports: [FactoryModule], useExisting: Factory },
      };
      const { app } = await start({ imports: [FastDFSModule.forRootAsync(ways[by])] });
      const client = app.get(FastDFSClient);
      await client.delete((await client.upload('x')).fileId);
    });

    it('is known only where it is imported, with isGlobal: false', async () => {
      const { Injectable, Module } = nest.common;
      const { FastDFSModule, InjectFastDFS } = adapter;
      @Injectable()
      class Files {
        @InjectFastDFS() readonly client!: FastDFSClient;
      }
      @Module({ providers: [Files] })
      class FilesModule {}
      const imports = [FastDFSModule.forRoot({ conf: conf(), isGlobal: false }), FilesModule];
      await expect(start({ imports })).rejects.toThrow(/can't resolve dependencies of the Files/);
    });

    it('leaves a client open that was passed in, and lets tests replace one', async () => {
      const { FastDFSModule, FastDFSClient, createClient } = adapter;
      const client = createClient(conf());
      const { app } = await start({ imports: [FastDFSModule.forRoot({ conf: client })] });
      expect(app.get(FastDFSClient)).toBe(client);
      await app.close();
      open.length = 0;
      await client.delete((await client.upload('x')).fileId);
      await client.close();

      const fake = { upload: async () => 'nowhere' };
      const module = await nest.testing.Test.createTestingModule({
        imports: [FastDFSModule.forRoot({ conf: conf() })],
      })
        .overrideProvider(FastDFSClient)
        .useValue(fake)
        .compile();
      expect(module.get(FastDFSClient)).toBe(fake);
      await module.close();
    });

    it.each([
      ['an unknown option', { conf: 'client.conf', global: true }, 'global'],
      ['a missing conf', {}, 'conf'],
      ['a name that is no string', { conf: 'client.conf', name: 1 }, 'name'],
    ])('refuses %s', (_, options, named) => {
      expect(() => adapter.FastDFSModule.forRoot(options as never)).toThrow(`\`${named}\``);
    });

    it('refuses two factories, and none', () => {
      const { FastDFSModule } = adapter;
      const useFactory = () => conf();
      expect(() => FastDFSModule.forRootAsync({})).toThrow('useExisting');
      expect(() => FastDFSModule.forRootAsync({ useFactory, useClass: class {} as never })).toThrow(
        'useExisting',
      );
    });
  });

  onEmbedded('an application', (server) => {
    async function startUploads(limits?: { fileSize: number }) {
      const { Controller, Get, Param, Post, UploadedFile, UseInterceptors } = nest.common;
      const { FileInterceptor, MulterModule } = nest.express;
      const { FastDFSModule, InjectFastDFS, fdfsMulter, FastDFSClient } = adapter;
      @Controller()
      class Files {
        @InjectFastDFS() readonly client!: FastDFSClient;
        @Post()
        @UseInterceptors(FileInterceptor('file'))
        upload(@UploadedFile() file: { fileId: string; size: number; metadata?: object }) {
          return { fileId: file.fileId, size: file.size, metadata: file.metadata };
        }
        @Get(':id')
        async get(@Param('id') id: string) {
          return { content: (await this.client.download(id)).toString() };
        }
      }
      const storage = { keepFilename: true };
      const { app, url } = await start({
        imports: [
          FastDFSModule.forRoot({ conf: { trackers: server.trackers, retry: { retries: 0 } } }),
          MulterModule.registerAsync(fdfsMulter({ storage, ...(limits && { limits }) })),
        ],
        controllers: [Files],
      });
      return { app, url, client: app.get(FastDFSClient) };
    }

    function form(content: Uint8Array): RequestInit {
      const body = new FormData();
      body.append('file', new Blob([Buffer.from(content)]), 'cat.png');
      return { method: 'POST', body };
    }

    it('stores the files of forms by MulterModule', async () => {
      const { url, client } = await startUploads();
      const response = await fetch(url, form(bytes(300_000)));
      expect(response.status).toBe(201);
      const { fileId, size, metadata } = (await response.json()) as Record<string, string>;
      expect([size, metadata]).toEqual([300_000, { filename: 'cat.png' }]);
      expect((await client.download(fileId!)).equals(bytes(300_000))).toBe(true);
      await client.delete(fileId!);
    });

    it('answers 413 over the limit of multer, and nothing stays', async () => {
      const { url } = await startUploads({ fileSize: 1000 });
      expect((await fetch(url, form(bytes(5000)))).status).toBe(413);
    });

    it('answers errors of the cluster with their status, without its addresses', async () => {
      const { url, client } = await startUploads();
      const { fileId } = await client.upload('x', { group: 'group2' });
      const get = async (id: string) => {
        const response = await fetch(`${url}/${encodeURIComponent(id)}`);
        const text = await response.text();
        expect(text).not.toMatch(/127\.0\.0\.1|M00|refused at/);
        return response.status;
      };
      expect(await get(fileId)).toBe(200);
      expect(await get('nonsense')).toBe(404);
      server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'status', status: 28, times: 9 });
      expect((await fetch(url, form(bytes(10)))).status).toBe(507);
      await server.fdfs.stopStorage('group2');
      expect(await get(fileId)).toBe(503);
      await server.fdfs.startStorage('group2');
      await client.delete(fileId);
      expect(await get(fileId)).toBe(404);
    });

    it('closes its client after it has answered what it had received', async () => {
      const { app, url, client } = await startUploads();
      server.fdfs.inject({ command: 'UPLOAD_FILE', action: 'slow' });
      const before = server.fdfs.requests('UPLOAD_FILE');
      const answer = fetch(url, { ...form(bytes(200_000)), headers: { Connection: 'close' } });
      await expect.poll(() => server.fdfs.requests('UPLOAD_FILE')).toBeGreaterThan(before);
      open.length = 0;
      await app.close();
      const { fileId } = (await (await answer).json()) as { fileId: string };
      await expect(client.download(fileId)).rejects.toMatchObject({ code: 'FASTDFS_CLOSED' });
      const other = server.client();
      expect((await other.download(fileId)).length).toBe(200_000);
      await other.delete(fileId);
    });

    it('reports its cluster by Terminus', async () => {
      const { Controller, Get, Inject } = nest.common;
      const { HealthCheck, HealthCheckService, TerminusModule } = nest.terminus;
      const { FastDFSModule, FastDFSHealthIndicator } = adapter;
      @Controller('health')
      class Health {
        @Inject(HealthCheckService) readonly health!: InstanceType<typeof HealthCheckService>;
        @Inject(FastDFSHealthIndicator) readonly fdfs!: InstanceType<typeof FastDFSHealthIndicator>;
        @Get()
        @HealthCheck()
        check() {
          return this.health.check([
            () => this.fdfs.isHealthy(),
            () => this.fdfs.isHealthy('strict', { failOn: 'degraded' }),
          ]);
        }
      }
      const conf = { trackers: server.trackers, retry: { retries: 0 } };
      const { url } = await start({
        imports: [FastDFSModule.forRoot({ conf }), TerminusModule.forRoot({ logger: false })],
        controllers: [Health],
      });
      const ask = async () => {
        const response = await fetch(`${url}/health`);
        const body = (await response.json()) as { details: Record<string, unknown> };
        expect(JSON.stringify(body)).not.toContain('127.0.0.1');
        return [response.status, body.details];
      };
      const up = { status: 'up', verdict: 'ok', groups: 2 };
      expect(await ask()).toEqual([200, { fastdfs: up, strict: up }]);
      await server.fdfs.stopStorage('group2');
      const degraded = { verdict: 'degraded', groups: 2 };
      await expect
        .poll(ask, { timeout: 10_000 })
        .toEqual([503, { fastdfs: { ...degraded, status: 'up' }, strict: { ...degraded, status: 'down' } }]);
      await server.fdfs.stopTracker();
      const down = { status: 'down', verdict: 'down', groups: 0 };
      expect(await ask()).toEqual([503, { fastdfs: down, strict: down }]);
      await server.fdfs.startTracker();
      await server.fdfs.startStorage('group2');
    });

    it('reports the cluster of a client with a name, and refuses unknown options', async () => {
      const { FastDFSModule, FastDFSHealthIndicator, getFastDFSToken } = adapter;
      const { app } = await start({
        imports: [
          FastDFSModule.forRoot({ conf: { trackers: server.trackers } }),
          FastDFSModule.forRoot({ name: 'away', conf: { trackers: '127.0.0.1:1', retry: { retries: 0 } } }),
        ],
      });
      const indicator = app.get(FastDFSHealthIndicator);
      const client = app.get<FastDFSClient>(getFastDFSToken('away') as string);
      expect(await indicator.isHealthy('away', { client, timeoutMs: 2000 })).toEqual({
        away: { status: 'down', verdict: 'down', groups: 0 },
      });
      await expect(indicator.isHealthy('main', { timeout: 1 } as never)).rejects.toThrow('`timeout`');
    });

    it('leaves errors outside HTTP to others', () => {
      const { FastDFSExceptionFilter, FastDFSError } = adapter;
      const filter = new FastDFSExceptionFilter({} as never);
      const error = new FastDFSError('FASTDFS_BUSY', 'busy');
      expect(() => filter.catch(error, { getType: () => 'rpc' } as never)).toThrow(error);
    });

    it('answers by the filter, where it is used', async () => {
      const { Controller, Get } = nest.common;
      const { FastDFSModule, FastDFSExceptionFilter, InjectFastDFS } = adapter;
      @Controller()
      class Files {
        @InjectFastDFS() readonly client!: FastDFSClient;
        @Get('missing')
        missing() {
          return this.client.download('group1/M00/00/00/fwAAFWsCeYyAeQYEAAAACw1KEYU028.txt');
        }
        @Get('down')
        async down() {
          await server.fdfs.stopTracker();
          return await this.client.upload('x');
        }
      }
      const { url } = await start({
        imports: [FastDFSModule.forRoot({ conf: { trackers: server.trackers, retry: { retries: 0 } } })],
        controllers: [Files],
        providers: [{ provide: nest.core.APP_FILTER, useClass: FastDFSExceptionFilter }],
      });
      const ask = async (path: string) => {
        const response = await fetch(`${url}/${path}`);
        return [response.status, response.headers.get('retry-after'), await response.json()];
      };
      expect(await ask('missing')).toEqual([404, null, { statusCode: 404, message: 'Not Found' }]);
      expect(await ask('down')).toEqual([503, '5', { statusCode: 503, message: 'Service Unavailable' }]);
      await server.fdfs.startTracker();
    });
  });
});
