/** Provides clients to a Nest application, and closes them with it. */
import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationShutdown,
  type Provider,
  type Type,
} from '@nestjs/common';
import type { Conf, FastDFSClient } from '../../client.js';
import { ArgumentError } from '../../core/base/errors.js';
import {
  booleanOption,
  type Check,
  type Checks,
  checkOptions,
  functionOption,
  stringOption,
} from '../../core/base/validate.js';
import { type ClientHandle, openClient } from '../shared/client-handle.js';
import { FastDFSHealthIndicator } from './health.js';
import { getFastDFSToken } from './tokens.js';

/** What both `forRoot` and `forRootAsync` take. */
export interface FastDFSProviderOptions {
  /** Name of the client, for `@InjectFastDFS(name)`; needed where there are several. Default: none. */
  name?: string | undefined;
  /** Provides the client to every module, not only to those that import this one. Default true. */
  isGlobal?: boolean | undefined;
}

/** Options of `FastDFSModule.forRoot()`. */
export interface FastDFSModuleOptions extends FastDFSProviderOptions {
  /** Path of a `client.conf`, options, or a client; one that is passed in is not closed with the application. */
  conf: Conf;
}

/** Makes the `conf` of a client, for `useClass` and `useExisting`. */
export interface FastDFSConfFactory {
  /** Returns the path of a `client.conf`, options, or a client. */
  createFastDFSConf(): Conf | Promise<Conf>;
}

/** Options of `FastDFSModule.forRootAsync()`: one of `useFactory`, `useClass` and `useExisting`. */
export interface FastDFSModuleAsyncOptions extends FastDFSProviderOptions {
  /** Modules whose providers the factory needs. Default: none. */
  imports?: ModuleMetadata['imports'] | undefined;
  /** What `useFactory` is called with. Default: nothing. */
  inject?: FactoryProvider['inject'] | undefined;
  /** Returns the path of a `client.conf`, options, or a client. */
  useFactory?: ((...injected: never[]) => Conf | Promise<Conf>) | undefined;
  /** A class to be made here. */
  useClass?: Type<FastDFSConfFactory> | undefined;
  /** A provider of an imported module. */
  useExisting?: Type<FastDFSConfFactory> | undefined;
}

/** Token of the client and of the right to close it; known to its module alone. */
const HANDLE = Symbol('FastDFS client handle');

const unchecked: Check = () => undefined;
const COMMON_CHECKS: Checks<FastDFSProviderOptions> = { name: stringOption, isGlobal: booleanOption };
const CHECKS: Checks<FastDFSModuleOptions> = { ...COMMON_CHECKS, conf: unchecked };
const ASYNC_CHECKS: Checks<FastDFSModuleAsyncOptions> = {
  ...COMMON_CHECKS,
  imports: unchecked,
  inject: unchecked,
  useFactory: functionOption,
  useClass: functionOption,
  useExisting: unchecked,
};

/**
 * Makes clients injectable: `imports: [FastDFSModule.forRoot({ conf: '/etc/fdfs/client.conf' })]`. A client connects when it is first
 * used. It is closed last, when the application has stopped listening and answered what it had received: by `app.close()`, and by
 * signals after `app.enableShutdownHooks()`.
 */
export class FastDFSModule implements OnApplicationShutdown {
  readonly #handle: ClientHandle;

  /** @internal */
  constructor(handle: ClientHandle) {
    this.#handle = handle;
  }

  /**
   * Provides a client, and a `FastDFSHealthIndicator` for it where it has no name.
   * @throws ArgumentError for wrong options, naming the key
   */
  static forRoot(options: FastDFSModuleOptions): DynamicModule {
    checkOptions('FastDFSModule.forRoot()', options, CHECKS);
    const { conf } = options;
    if (conf === undefined) throw new ArgumentError('FastDFSModule.forRoot() needs the option `conf`');
    return createModule(options, { provide: HANDLE, useFactory: () => openClient(conf) });
  }

  /**
   * Provides a client whose `conf` comes from other providers, such as a ConfigService.
   * @throws ArgumentError for wrong options, naming the key
   */
  static forRootAsync(options: FastDFSModuleAsyncOptions): DynamicModule {
    checkOptions('FastDFSModule.forRootAsync()', options, ASYNC_CHECKS);
    const { useFactory, useClass, useExisting } = options;
    const sources = [useFactory, useClass, useExisting].filter((source) => source !== undefined);
    if (sources.length !== 1) {
      throw new ArgumentError(
        'FastDFSModule.forRootAsync() needs one of the options `useFactory`, `useClass` and `useExisting`',
      );
    }
    if (useFactory) {
      const create = useFactory as (...injected: unknown[]) => Conf | Promise<Conf>;
      return createModule(options, {
        provide: HANDLE,
        useFactory: async (...injected: unknown[]) => openClient(await create(...injected)),
        inject: options.inject ?? [],
      });
    }
    const factory = (useClass ?? useExisting)!;
    const handle: Provider = {
      provide: HANDLE,
      useFactory: async (made: FastDFSConfFactory) => openClient(await made.createFastDFSConf()),
      inject: [factory],
    };
    return createModule(options, handle, useClass ? [useClass] : []);
  }

  /** Called by Nest when the application has stopped listening. */
  async onApplicationShutdown(): Promise<void> {
    await this.#handle.close();
  }
}

// Decorators as calls: bundlers and type strippers need no setting for them.
Module({})(FastDFSModule);
Inject(HANDLE)(FastDFSModule, undefined, 0);

function createModule(
  {
    name,
    isGlobal = true,
    imports = [],
  }: FastDFSProviderOptions & { imports?: ModuleMetadata['imports'] | undefined },
  handle: Provider,
  more: Provider[] = [],
): DynamicModule {
  const token = getFastDFSToken(name);
  const client: Provider = {
    provide: token,
    useFactory: ({ client }: ClientHandle): FastDFSClient => client,
    inject: [HANDLE],
  };
  const indicator: Provider[] = name === undefined ? [FastDFSHealthIndicator] : [];
  return {
    module: FastDFSModule,
    global: isGlobal,
    imports: imports as NonNullable<DynamicModule['imports']>,
    providers: [...more, handle, client, ...indicator],
    exports: [token, ...(name === undefined ? [FastDFSHealthIndicator] : [])],
  };
}
