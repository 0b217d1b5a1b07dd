/** How much room a group has. */
import type { Group } from '../model.js';

interface Space {
  readonly totalMiB: number;
  readonly freeMiB: number;
  readonly reservedMiB: number;
}

/** Space of a group: that of its fullest storage. */
export function measureGroup(group: Group): Space {
  const spaces = group.storages.map(({ space }) => space.measureMiB());
  return spaces.reduce((least, space) => (space.freeMiB < least.freeMiB ? space : least));
}
