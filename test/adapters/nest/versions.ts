/** Nest 12, which is installed, and Nest 11, from the project beside this file; `fastdfs-streams/nest` as either loads it. */
import { createRequire } from 'node:module';
import { vi } from 'vitest';

const requireOld = createRequire(new URL('nest-11/package.json', import.meta.url));

export interface Nest {
  common: typeof import('@nestjs/common');
  core: typeof import('@nestjs/core');
  express: typeof import('@nestjs/platform-express');
  terminus: typeof import('@nestjs/terminus');
  testing: typeof import('@nestjs/testing');
}

export const NEST_VERSIONS = [11, 12] as const;

/** Loads the packages of a version. */
export async function loadNest(version: (typeof NEST_VERSIONS)[number]): Promise<Nest> {
  await import('reflect-metadata');
  if (version === 11) {
    return {
      common: requireOld('@nestjs/common'),
      core: requireOld('@nestjs/core'),
      express: requireOld('@nestjs/platform-express'),
      terminus: requireOld('@nestjs/terminus'),
      testing: requireOld('@nestjs/testing'),
    };
  }
  return {
    common: await import('@nestjs/common'),
    core: await import('@nestjs/core'),
    express: await import('@nestjs/platform-express'),
    terminus: await import('@nestjs/terminus'),
    testing: await import('@nestjs/testing'),
  };
}

/** Loads this package again, with the packages of that version. */
export async function loadAdapter({ common, core }: Nest) {
  vi.resetModules();
  vi.doMock('@nestjs/common', () => ({ ...common }));
  vi.doMock('@nestjs/core', () => ({ ...core }));
  const nest = await import('../../../src/adapters/nest/index.js');
  const { createClient, FastDFSClient, FastDFSError } = await import('../../../src/index.js');
  vi.doUnmock('@nestjs/common');
  vi.doUnmock('@nestjs/core');
  return { ...nest, createClient, FastDFSClient, FastDFSError };
}
