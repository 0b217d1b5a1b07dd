// Empties what builds write, so that a file that was renamed or removed leaves nothing of an older build behind.
import { rmSync } from 'node:fs';

for (const folder of ['../dist', '../build']) {
  rmSync(new URL(folder, import.meta.url), { recursive: true, force: true });
}
