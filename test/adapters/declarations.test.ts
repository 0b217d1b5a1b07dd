/** Who has not installed a framework can still type-check against this package: no declaration needs one. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PEERS = [
  ...Object.keys(manifest.peerDependencies),
  '@tus/utils',
  'multer',
  'express',
  'fastify',
  'koa',
  'keyv',
];
/** Made of a framework's own classes and decorators: of use only where that is installed. */
const OF_A_FRAMEWORK = 'nest';
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

/** Outside the package nothing is installed but the types of Node. */
const STRICT = {
  compilerOptions: {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
  },
  files: ['user.ts'],
};

async function tsc(folder: string, ...args: string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, [TSC, ...args], { cwd: folder });
  return await run.then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
}

it('the declarations stand without any framework', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fastdfs-types-'));
  try {
    const out = path.join(folder, 'dist');
    await tsc(ROOT, '-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--declarationDir', out);
    const adapters = (await readdir(path.join(out, 'adapters'))).filter(
      (name) => name !== 'shared' && name !== OF_A_FRAMEWORK,
    );
    expect(adapters).toEqual(expect.arrayContaining(['tus', 'formidable', 'parts']));
    // A folder above may have them installed, so looking is needed beside compiling.
    for (const name of await readdir(out, { recursive: true })) {
      if (!name.endsWith('.d.ts') || name.startsWith(path.join('adapters', OF_A_FRAMEWORK))) continue;
      const text = await readFile(path.join(out, name), 'utf8');
      for (const peer of PEERS) expect(text, name).not.toMatch(new RegExp(`['"]${peer}['"/]`));
    }
    const imports = adapters.map((name) => `import './dist/adapters/${name}/index.js';`);
    await writeFile(path.join(folder, 'user.ts'), `import './dist/index.js';\n${imports.join('\n')}\n`);
    await mkdir(path.join(folder, 'node_modules/@types'), { recursive: true });
    await symlink(
      path.join(ROOT, 'node_modules/@types/node'),
      path.join(folder, 'node_modules/@types/node'),
      'junction',
    );
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify(STRICT));
    expect(await tsc(folder, '-p', '.')).toBe('');
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
