/**
 * The package as npm would publish it, in `node_modules` of a fresh project. Its dependencies are links to the ones of
 * this checkout, and only those that the manifest names: an import of anything else fails.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { onceInRun } from '../helpers/run/once.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROJECTS = fileURLToPath(new URL('projects/', import.meta.url));
const LEFT_OUT = new Set(['node_modules', '.git', 'dist', 'build', 'coverage']);

/** The compiler of this checkout, and older ones that came with other packages. */
const COMPILERS = {
  7: path.join(ROOT, 'node_modules/typescript/bin/tsc'),
  6: compilerOf('@microsoft/api-extractor'),
  5: compilerOf('@arethetypeswrong/core'),
} as const;

export type Compiler = keyof typeof COMPILERS;

function compilerOf(user: string): string {
  const manifestOfUser = createRequire(import.meta.url).resolve(`${user}/package.json`);
  return createRequire(manifestOfUser).resolve('typescript/bin/tsc');
}

/** For the test files that wait for the one that packs. */
const PACK_MS = 100_000;

interface Packed {
  readonly unpacked: string;
  readonly files: readonly string[];
}

export interface Ran {
  readonly code: number;
  /** Standard output and, behind it, what went to standard error. */
  readonly output: string;
}

export async function run(cwd: string, program: string, ...args: string[]): Promise<Ran> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, timeout: 60_000 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr, message } = error as Error & Record<'code' | 'stdout' | 'stderr', unknown>;
    return { code: Number(code) || 1, output: `${stdout}${stderr}` || message };
  }
}

export class PackedPackage {
  /** The folder of its projects. */
  readonly folder: string;
  /** Paths in the tarball. */
  readonly files: readonly string[];
  /** The folder of the unpacked tarball. */
  readonly unpacked: string;

  private constructor(folder: string, { unpacked, files }: Packed) {
    this.folder = folder;
    this.files = files;
    this.unpacked = unpacked;
  }

  /** Packs the checkout once in a run. */
  static async make(): Promise<PackedPackage> {
    const packed = await onceInRun('packed', PACK_MS, pack);
    return new PackedPackage(await mkdtemp(path.join(tmpdir(), 'fastdfs-package-')), packed);
  }

  /** A project that has this package, its dependencies, and the packages named. */
  async install(name: string, packages: readonly string[]): Promise<Project> {
    const folder = path.join(this.folder, name);
    const modules = path.join(folder, 'node_modules');
    await cp(this.unpacked, path.join(modules, manifest.name), { recursive: true });
    for (const wanted of [...Object.keys(manifest.dependencies), ...packages]) {
      await mkdir(path.dirname(path.join(modules, wanted)), { recursive: true });
      await symlink(path.join(ROOT, 'node_modules', wanted), path.join(modules, wanted), 'junction');
    }
    return new Project(folder);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}

export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Copies a program in and compiles it. @returns what the compiler has to say */
  async compile(
    program: string,
    type: 'module' | 'commonjs',
    compiler: Compiler,
    options: object,
  ): Promise<Ran> {
    await this.add(program, type);
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      module: 'nodenext',
      strict: true,
      types: ['node'],
      outDir: 'out',
      ...options,
    };
    await writeFile(
      path.join(this.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: [program] }),
    );
    return await run(this.folder, process.execPath, COMPILERS[compiler], '-p', '.');
  }

  async add(program: string, type: 'module' | 'commonjs'): Promise<void> {
    await cp(path.join(PROJECTS, program), path.join(this.folder, program));
    await writeFile(path.join(this.folder, 'package.json'), JSON.stringify({ private: true, type }));
  }

  /** Runs a file of the project. */
  async node(...args: string[]): Promise<Ran> {
    return await run(this.folder, process.execPath, ...args);
  }
}

/** Builds and packs a copy of the checkout: the checkout itself does not change. */
async function pack(): Promise<Packed> {
  const folder = await mkdtemp(path.join(inject('runFolder'), 'packed-'));
  const copy = path.join(folder, 'copy');
  await cp(ROOT, copy, { recursive: true, filter: (source) => !LEFT_OUT.has(path.basename(source)) });
  await symlink(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
  const packed = await must(run(copy, 'npm', 'pack', '--pack-destination', folder));
  const tarball = /\S+\.tgz/.exec(packed)![0];
  await must(run(folder, 'tar', '-xzf', tarball));
  const list = await must(run(folder, 'tar', '-tzf', tarball));
  const files = list.trim().split('\n');
  return {
    unpacked: path.join(folder, 'package'),
    files: files.map((file) => file.replace(/^package\//, '')),
  };
}

async function must(ran: Promise<Ran>): Promise<string> {
  const { code, output } = await ran;
  if (code !== 0) throw new Error(output);
  return output;
}
