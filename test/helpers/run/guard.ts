/** Watches over a run. Argument: the folder of the run. Works when its standard input closes. */
import { once } from 'node:events';
import { endProcesses, removeFolder } from './clean-up.js';

const folder = process.argv[2]!;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.on('error', () => undefined).resume();
await once(process.stdin, 'close');
await endProcesses(folder);
removeFolder(folder);
