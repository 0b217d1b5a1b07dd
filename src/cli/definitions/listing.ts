/** Commands on all files of the cluster: their arguments and options. */
import { type Command, Option } from 'commander';
import type { Does } from '../does.js';
import { parseMoment, parseSeconds, parseWhole } from '../values.js';

export function defineListingCommands(program: Command, does: Does): void {
  filtered(program.command('ls [group]'))
    .description('list the files of a group, or of all: the storages read them out of their logs')
    .option('-l, --long', 'kind, metadata (m), size, time of creation')
    .option('--count', 'only how many')
    .option('--du', 'only how many and how large, by group, store path and kind')
    .option(
      '--storage <storage>',
      'list this one: its id, IP address, or host:port (default: one of each group)',
    )
    .option('--store-path <index>', 'only this store path (the number in M00)', parseWhole)
    .option('--confirm', 'ask the storage about each file: the size of appender and slave files, too')
    .option('--no-confirm', 'do not ask about files in trunk files, of which deleted ones are listed, too')
    .addHelpText('after', '\nExample: fdfs ls group1 --long --older-than 90d --ext jpg')
    .action(does(async () => (await import('../commands/ls.js')).ls));
  program
    .command('reindex [group]')
    .description('lead the keys that files of a blob store keep (`keepKey`) to those files again')
    .requiredOption('--index <index>', 'redis://… or postgres://… or the folder of a LevelDB')
    .option('--name <name>', 'name of the index in Redis, table in PostgreSQL')
    .option('--dry-run', 'change nothing')
    .option('--remove-orphans', 'remove files whose key leads to another file')
    .option('--min-age <seconds>', 'how old an orphan must be (default: 3600)', parseSeconds)
    .addHelpText('after', '\nExample: fdfs reindex group1 --index redis://127.0.0.1 --dry-run')
    .action(does(async () => (await import('../commands/reindex.js')).reindex));
}

/** Adds the options that choose files. */
export function filtered(command: Command): Command {
  return command
    .addOption(
      new Option('--kind <kind>', 'only files of this kind').choices(['normal', 'appender', 'slave']),
    )
    .option('--ext <extension>', 'only files with this extension')
    .option('--older-than <moment>', 'only files created before: an age (90d, 12h) or a date', parseMoment)
    .option('--newer-than <moment>', 'only files created since: an age (90d, 12h) or a date', parseMoment);
}
