/** Random faults of an embedded server, of the kinds that a call must survive or report. */
import type { EmbeddedFastDFS, FaultOptions } from '../../src/embedded/index.js';
import type { Random } from './random.js';

const COMMANDS = [
  'UPLOAD_FILE',
  'UPLOAD_APPENDER_FILE',
  'APPEND_FILE',
  'MODIFY_FILE',
  'REGENERATE_APPENDER_FILENAME',
  'DELETE_FILE',
  'DOWNLOAD_FILE',
  'SET_METADATA',
  'QUERY_FILE_INFO',
  'QUERY_STORE_WITHOUT_GROUP_ONE',
  'QUERY_FETCH_ONE',
  'QUERY_FETCH_ALL',
  'QUERY_UPDATE',
  undefined,
];
/** All but "not found", which would be a lie about a file that is there. */
const STATUSES = [5, 12, 16, 22, 28, 110, 199];

/** One fault in so many calls. */
const SHARE = 0.08;

export function disturbing(fdfs: EmbeddedFastDFS): (random: Random) => void {
  return (random) => {
    if (random.chance(SHARE)) fdfs.inject(randomFault(random));
  };
}

function randomFault(random: Random): FaultOptions {
  const command = random.pick(COMMANDS);
  const only = command === undefined ? {} : { command };
  const action = random.pick(['reset', 'close', 'stall', 'status', 'garbage', 'slow'] as const);
  if (action === 'slow') return { ...only, action };
  if (action === 'status') return { ...only, action, status: random.pick(STATUSES) };
  if (random.chance(0.15) && action !== 'garbage')
    return { action, phase: 'connect', server: random.pick(['tracker', 'storage']) };
  if (random.chance(0.5)) {
    // Foreign bytes in the middle of a range are beyond what any client can see.
    const afterBytes = action === 'garbage' ? 0 : random.pick([0, 1, 9, 10, 11, 40, random.int(0, 100_000)]);
    return { ...only, action, phase: 'reply', afterBytes };
  }
  return {
    ...only,
    action,
    phase: 'request',
    ...(random.chance(0.5) ? { afterBytes: random.int(0, 50_000) } : {}),
  };
}
