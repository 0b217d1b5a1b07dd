/** `fdfs dev`: its options. */
import type { Command } from 'commander';
import type { Does } from '../does.js';
import { collect, collectGroup, parseBytes, parsePort, parseWhole } from '../values.js';

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
    .option(
      '--http <port>',
      'serve the files over HTTP, too: GET /group1/M00/... (0: a free port)',
      parsePort,
    )
    .option('--like <file>', 'take over what a tracker.conf or storage.conf says (repeatable)', collect)
    .option(
      '--sync-delay <ms>',
      'until the other storages of a group have a change (default 1000)',
      parseWhole,
    )
    .option('--rename-stall <ms>', 'for which a rename holds up replication (default 5000)', parseWhole)
    .option('--binlog-flush <ms>', 'how often storages write what listings read (default 1000)', parseWhole)
    .option(
      '--store-lookup <0|1|2>',
      'group of uploads: in turn, --store-group, most space (default 2)',
      parseWhole,
    )
    .option('--store-group <name>', 'group of all uploads, with --store-lookup 1')
    .option('--store-server <0|1|2>', 'storage of uploads: in turn, first, priority (default 0)', parseWhole)
    .option('--store-path <0|2>', 'store path of uploads: in turn, most space (default 0)', parseWhole)
    .option('--download-server <0|1>', 'storage of reads: in turn, source (default 0)', parseWhole)
    .option('--store-paths <count>', 'store paths of each storage (default 1)', parseWhole)
    .option('--capacity <size>', 'what each storage can hold, e.g. 10M (default: the disk)', parseBytes)
    .option(
      '--reserved <size>',
      'what uploads leave free at each storage (default: 1 % of the disk)',
      parseBytes,
    )
    .option('--max-connections <count>', 'of each server; further ones are closed (default 256)', parseWhole)
    .option('--trunk', 'trunk mode: small files get ids with a place in a trunk file')
    .option('--server-version <version>', 'whose replies to give, e.g. 6.10.0 (default 6.16.1)')
    .action(does(async () => (await import('../commands/dev.js')).dev));
}
