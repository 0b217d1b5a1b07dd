/** `fdfs dev`: its options. */
import type { Command } from 'commander';
import type { Does } from '../does.js';
import { collectGroup, parsePort, parseWhole } from '../values.js';

export function defineDevCommand(program: Command, does: Does): void {
  program
    .command('dev')
    .description('run a FastDFS for tests and development in this process, until Ctrl-C')
    .option('--port <port>', 'of the first tracker, the others follow (default: free ones)', parsePort)
    .option(
      '--storage-port <port>',
      'of the first storage, the others follow (default: free ones)',
      parsePort,
    )
    .option('--group <name=storages>', 'a group (repeatable; default: group1=1)', collectGroup)
    .option('--trackers <count>', 'how many trackers (default 1)', parseWhole)
    .option('--dir <directory>', 'keep the files there, and find them again at the next start')
    .option('--host <address>', 'address to listen on (default 127.0.0.1)')
    .option('--http <port>', 'serve the files over HTTP, too: GET /group1/M00/… (0: a free port)', parsePort)
    .action(does(async () => (await import('../commands/dev.js')).dev));
}
