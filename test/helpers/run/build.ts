/**
 * Programs that tests start as processes, built from these sources once in a run: Node starts a joined module many times faster than
 * sources that are compiled on the way.
 */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type OutputOptions, type RolldownOptions } from 'rolldown';
import { loadConfig } from 'rolldown/config';
import { inject } from 'vitest';
import { onceInRun } from './once.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BUILD_MS = 60_000;

/** Builds the program `fdfs` as it is published. Returns the path of its main file. */
export function buildProgram(): Promise<string> {
  return onceInRun('fdfs', BUILD_MS, async () => {
    const folder = makePackage('fdfs');
    const dist = path.join(folder, 'dist');
    await join({ dir: dist });
    cpSync(path.join(ROOT, 'src/cli/console/assets'), path.join(dist, 'shared/assets'), { recursive: true });
    return path.join(dist, 'cli/main.js');
  });
}

/** Builds a script of the tests. Returns the path of a module for Node. */
export function buildScript(source: URL): Promise<string> {
  const name = path.basename(source.pathname, '.ts');
  return onceInRun(`script-${name}`, BUILD_MS, async () => {
    const file = path.join(makePackage(`script-${name}`), `${name}.js`);
    await join({ file, codeSplitting: false }, { input: fileURLToPath(source) });
    return file;
  });
}

async function join(output: OutputOptions, options: RolldownOptions = {}): Promise<void> {
  const file = path.join(ROOT, 'rolldown.config.js');
  const config = (await loadConfig(file, { configLoader: 'native' })) as RolldownOptions;
  const { dir: _, ...own } = config.output as OutputOptions;
  await build({ ...config, ...options, logLevel: 'warn', output: { ...own, ...output } });
}

/** Makes a folder that imports what this checkout imports. */
function makePackage(name: string): string {
  const folder = path.join(inject('runFolder'), name);
  mkdirSync(folder);
  cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  return folder;
}
