/** `fdfs console`: its options. */
import type { Command } from 'commander';
import type { Does } from '../does.js';
import { helpText } from '../language.js';
import { parsePort } from '../values.js';

export function defineConsoleCommand(program: Command, does: Does): void {
  program
    .command('console')
    .description('a web page to watch the cluster, and to find, verify and delete files')
    .option('--port <port>', 'port of the page (0: a free one)', parsePort, 8088)
    .option('--host <address>', 'address to listen on; other than loopback only with --auth', '127.0.0.1')
    .option('--auth <user:password>', 'ask for these; or set FDFS_CONSOLE_AUTH, which other users cannot see')
    .option('--allow-delete', 'let the page delete files')
    .addHelpText('after', helpText('Example:\n  fdfs console --conf /etc/fdfs/client.conf --port 8088'))
    .action(does(async () => (await import('../commands/console.js')).runConsole));
}
