// Copies the declarations that an entry point leads to from `build/types` to `dist`: what no user can reach is not published.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const collected = new Set();

function collect(file) {
  if (collected.has(file)) return;
  collected.add(file);
  const text = readFileSync(path.join('build/types', file), 'utf8');
  for (const [, target] of text.matchAll(/(?:\bfrom|\bimport)[\s(]+['"](\.[^'"]+)\.js['"]/g)) {
    collect(path.posix.join(path.posix.dirname(file), `${target}.d.ts`));
  }
  const copy = path.join('dist', file);
  mkdirSync(path.dirname(copy), { recursive: true });
  copyFileSync(path.join('build/types', file), copy);
}

for (const entry of Object.values(manifest.exports)) {
  if (entry.types) collect(path.posix.relative('dist', entry.types));
}
