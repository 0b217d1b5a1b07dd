/** The package in the hands of a stranger: packed, put into a fresh project, type-checked and run there. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { type Compiler, PackedPackage, type Project } from './installed.js';

/** A compiler takes its seconds, and more where others work. */
vi.setConfig({ testTimeout: 120_000 });

const TYPES = ['@types/node'];
const FRAMEWORKS = [
  ...Object.keys(manifest.peerDependencies),
  '@nestjs/platform-express',
  '@types/express',
  '@types/formidable',
  '@types/multer',
  'fastify',
  'reflect-metadata',
  'rxjs',
];
const CLEAN = { code: 0, output: '' };
/** Node 20 and 22 say once that a module was loaded by `require()`. */
const ROUND_TRIP = { code: 0, output: expect.stringMatching(/^there and back\n/) };
const COMPILERS: Compiler[] = [7, 5];

let packed: PackedPackage;
/** With nothing but the package and the types of Node. */
let bare: Project;
/** With every framework, too. */
let full: Project;

beforeAll(async () => {
  packed = await PackedPackage.make();
  bare = await packed.install('bare', TYPES);
  full = await packed.install('full', [...TYPES, ...FRAMEWORKS]);
}, 120_000);
afterAll(async () => {
  await packed?.remove();
});

describe('the tarball', () => {
  it('has the build, the documents and nothing else', () => {
    const outside = packed.files.filter((file) => !/^(dist|docs|bench)\//.test(file));
    const documents = [
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'README.zh-CN.md',
      'SECURITY.md',
    ];
    expect(outside.sort()).toEqual([...documents, 'package.json']);
    const inside = packed.files.filter((file) => file.startsWith('dist/'));
    const asset = /^dist\/shared\/assets\/(page|shared)\/[\w-]+\.(html|js|css|svg)$/;
    expect(inside.filter((file) => !/\.(js|js\.map|d\.ts)$/.test(file) && !asset.test(file))).toEqual([]);
    expect(inside.filter((file) => /test/.test(file))).toEqual([]);
  });

  it('has every file that the manifest points to, and declarations for each module that can be imported', () => {
    const targets = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    const named = [...targets, ...Object.values(manifest.bin)].map((file) => path.posix.normalize(file));
    expect(named.filter((file) => !packed.files.includes(file))).toEqual([]);
    const older = Object.values(manifest.typesVersions['*']).flat();
    expect(targets).toEqual(expect.arrayContaining([manifest.main, manifest.types, ...older]));
    expect(older).toHaveLength(Object.keys(manifest.exports).length - 2);
    const modules = packed.files.filter((file) => /^dist\/(?!shared\/).*\.js$/.test(file));
    expect(modules.sort()).toEqual(named.filter((file) => file.endsWith('.js')).sort());
  });

  it('is imported by reading three files', async () => {
    const files = new Set<string>();
    const others = new Set<string>();
    const follow = async (file: string) => {
      if (files.has(file)) return;
      files.add(file);
      const text = await readFile(path.join(packed.unpacked, file), 'utf8');
      // V8 keeps other text in two bytes a character.
      expect(/.*[^\0-\x7f].*/.exec(text)?.[0], file).toBeUndefined();
      for (const [, name] of text.matchAll(/^import .* from "([^."][^"]*)";$/gm)) others.add(name!);
      for (const [, to] of text.matchAll(/^(?:import|export)[^'"]* from "(\.[^"]+)";$/gm)) {
        await follow(path.posix.join(path.posix.dirname(file), to!));
      }
    };
    await follow(path.posix.normalize(manifest.main));
    expect(files.size).toBe(3);
    // What is loaded when it is first needed takes as long as a third of all that.
    expect([...others].filter((name) => !name.startsWith('node:') || name === 'node:crypto')).toEqual([]);
  });

  it('has modules that the oldest supported Node can parse', async () => {
    const modules = packed.files.filter((file) => /^dist\/(?!shared\/assets).*\.js$/.test(file));
    for (const file of modules) {
      const text = await readFile(path.join(packed.unpacked, file), 'utf8');
      // Node knows the declarations from version 24 on.
      expect(text, file).not.toMatch(/^\s*(?:await )?using \w+ = /m);
    }
    expect(modules.length).toBeGreaterThan(20);
  });

  it('has a source map beside each module, with the sources that it names', async () => {
    const read = (file: string) => readFile(path.join(packed.unpacked, file), 'utf8');
    const modules = packed.files.filter((file) => file.endsWith('.js'));
    const maps = packed.files.filter((file) => file.endsWith('.map'));
    for (const file of maps) {
      const { sources, sourcesContent } = JSON.parse(await read(file)) as Record<string, string[]>;
      expect(
        sources!.filter((source) => !/^(\.\.\/)+src\//.test(source)),
        file,
      ).toEqual([]);
      expect(
        sourcesContent!.filter((content) => !content),
        file,
      ).toEqual([]);
    }
    for (const file of modules) {
      const [, map] = /^\/\/# sourceMappingURL=(.+)$/m.exec(await read(file)) ?? [];
      if (map) expect(maps, file).toContain(path.posix.join(path.posix.dirname(file), map));
    }
    expect(maps.length).toBeGreaterThan(10);
  });

  it('has no declaration that no entry point leads to', async () => {
    const reached = new Set<string>();
    const follow = async (file: string) => {
      if (reached.has(file)) return;
      reached.add(file);
      const text = await readFile(path.join(packed.unpacked, file), 'utf8');
      for (const [, to] of text.matchAll(/(?:\bfrom|\bimport)[\s(]+['"](\.[^'"]+)\.js['"]/g)) {
        await follow(path.posix.join(path.posix.dirname(file), `${to}.d.ts`));
      }
    };
    for (const entry of Object.values(manifest.exports)) {
      if (typeof entry !== 'string') await follow(path.posix.normalize(entry.types));
    }
    expect(packed.files.filter((file) => file.endsWith('.d.ts')).sort()).toEqual([...reached].sort());
  });

  it.each(['README.md', 'README.zh-CN.md'])('has every file that %s links to', async (readme) => {
    const text = await readFile(path.join(packed.unpacked, readme), 'utf8');
    const links = [
      ...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)|(?:src|href)="(?!https?:|#)([^"#]+)/g),
    ];
    const missing = links.map(([, link, source]) => path.posix.normalize((link ?? source)!));
    expect(
      missing.filter((link) => !packed.files.some((file) => file === link || file.startsWith(`${link}/`))),
    ).toEqual([]);
  });
});

describe('without any framework', () => {
  it.each(COMPILERS)('TypeScript %i knows every entry point by `nodenext`', async (compiler) => {
    expect(await bare.compile('everything.ts', 'module', compiler, {})).toEqual(CLEAN);
  });

  it.each(COMPILERS)('TypeScript %i knows every entry point by `bundler`', async (compiler) => {
    const options = { module: 'esnext', moduleResolution: 'bundler', exactOptionalPropertyTypes: true };
    expect(await bare.compile('everything.ts', 'module', compiler, options)).toEqual(CLEAN);
  });

  it.each(COMPILERS)(
    'TypeScript %i takes the streams and requests of a project with the types of browsers',
    async (compiler) => {
      const options = { lib: ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'] };
      expect(await bare.compile('browser-types.ts', 'module', compiler, options)).toEqual(CLEAN);
    },
  );

  it('TypeScript 5 knows every entry point where it does not read `exports`', async () => {
    const options = { module: 'commonjs', moduleResolution: 'node10' };
    expect(await bare.compile('everything.ts', 'commonjs', 5, options)).toEqual(CLEAN);
  });

  it('every module loads, but for tus and Nest, whose frameworks are their base; what is not exported does not', async () => {
    await bare.add('import.js', 'module');
    const { code, output } = await bare.node('import.js');
    expect({ code, lines: output.split('\n') }).toMatchObject({
      code: 0,
      lines: [
        'fastdfs-streams there and back',
        expect.stringMatching(/^ERR_MODULE_NOT_FOUND .*@tus\/server/),
        expect.stringMatching(/^ERR_MODULE_NOT_FOUND .*@nestjs\/common/),
        'ERR_PACKAGE_PATH_NOT_EXPORTED',
        '',
      ],
    });
  });

  it('a stack trace names the file of the source', async () => {
    const script =
      "import('fastdfs-streams').then(({ parseFileId }) => parseFileId('wrong')).catch((error) => console.log(error.stack))";
    const { output } = await bare.node('--enable-source-maps', '--input-type=module', '--eval', script);
    expect(output).toMatch(/src\/core\/model\/file-id\.ts:\d+/);
  });

  it('every command loads', async () => {
    const main = 'node_modules/fastdfs-streams/dist/cli/main.js';
    const tracker = ['--tracker', '127.0.0.1:1'];
    for (const command of [
      ['groups'],
      ['upload', 'package.json'],
      ['download', 'g/M00/00/00/x'],
      ['monitor'],
      ['ls', 'group1'],
      ['doctor'],
    ]) {
      const { output } = await bare.node(main, ...command, ...tracker);
      expect(output, command[0]).not.toMatch(/Unexpected|SyntaxError|Cannot find/);
    }
    const { output } = await bare.node(main, 'dev', '--port', '70000');
    expect(output).toMatch(/port/);
  });

  it('the command runs', async () => {
    const { code, output } = await bare.node('node_modules/fastdfs-streams/dist/cli/main.js', '--version');
    expect({ code, output }).toEqual({ code: 0, output: `${manifest.version}\n` });
  });
});

describe('with the frameworks', () => {
  it('the adapters fit the types of theirs', async () => {
    expect(await full.compile('frameworks.ts', 'module', 7, { skipLibCheck: true })).toEqual(CLEAN);
  });

  it.each(['module', 'commonjs'] as const)('TypeScript compiles to %s that runs', async (type) => {
    expect(await full.compile('roundtrip.ts', type, 6, {})).toEqual(CLEAN);
    expect(await full.node('out/roundtrip.js')).toEqual(ROUND_TRIP);
  });

  it('`require()` loads every module', async () => {
    await full.add('require.js', 'commonjs');
    expect(await full.node('require.js')).toEqual(ROUND_TRIP);
  });

  it.each(['module', 'commonjs'] as const)('NestJS stores the file of a form, as %s', async (type) => {
    const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true, skipLibCheck: true };
    expect(await full.compile('nest.ts', type, 6, decorators)).toEqual(CLEAN);
    expect(await full.node('out/nest.js')).toEqual(ROUND_TRIP);
  });
});
