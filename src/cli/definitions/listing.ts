/** Commands on all files of the cluster: their arguments and options. */
import { type Command, Option } from 'commander';
import type { Does } from '../does.js';
import { MIRROR_HELP } from '../help-texts.js';
import { helpText } from '../language.js';
import { parseBytes, parseMoment, parseSeconds, parseShare, parseWhole } from '../values.js';

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
    .addHelpText('after', helpText('Example: fdfs ls group1 --long --older-than 90d --ext jpg'))
    .action(does(async () => (await import('../commands/ls.js')).ls));

  program
    .command('reindex [group]')
    .description('lead the keys that files of a blob store keep (`keepKey`) to those files again')
    .requiredOption('--index <index>', 'redis://... or postgres://... or the folder of a LevelDB')
    .option('--name <name>', 'name of the index in Redis, table in PostgreSQL')
    .option('--dry-run', 'change nothing')
    .option('--remove-orphans', 'remove files whose key leads to another file')
    .option('--min-age <seconds>', 'how old an orphan must be (default: 3600)', parseSeconds)
    .addHelpText('after', helpText('Example: fdfs reindex group1 --index redis://127.0.0.1 --dry-run'))
    .action(does(async () => (await import('../commands/reindex.js')).reindex));

  program
    .command('verify')
    .argument('[group]', 'group to verify (default: all), or with <file> a file id')
    .argument('[file]', 'local file to compare with that one, byte by byte')
    .description(
      'read every copy of every file on every storage, and print those that are wrong; exit code 1 if any is',
    )
    .option('--sample <share>', 'only a part of the files, chosen at random: 0.01, or 1%', parseShare)
    .option('--rate <bytes>', 'most bytes to read in a second: 10M (default: no limit)', parseBytes)
    .option('--concurrency <count>', 'files at a time (default 4)', parseWhole)
    .option('--files <file>', 'only the file ids in this file, one on each line (-: standard input)')
    .addHelpText(
      'after',
      helpText('Example: fdfs verify --sample 5% --rate 20M --json >> verify.jsonl || mail-the-operator'),
    )
    .action(does(async () => (await import('../commands/cluster-files.js')).verify));

  filtered(program.command('orphans'))
    .description('compare the files with those that an application knows; exit code 1 when they differ')
    .requiredOption('--known <file>', 'file ids, one on each line (-: standard input)')
    .option('--group <group>', 'only this group')
    .addOption(
      new Option(
        '--slaves <mode>',
        'slave files are known with their master, or have lines of their own',
      ).choices(['with-master', 'separate']),
    )
    .addHelpText(
      'after',
      helpText("Example: psql -Atc 'select file_id from photos' | fdfs orphans --known - --older-than 1d"),
    )
    .action(does(async () => (await import('../commands/cluster-files.js')).orphans));

  filtered(program.command('prune'), true)
    .description('remove old files, with their slaves; without --yes only print them')
    .option('--group <group>', 'only this group')
    .option('-y, --yes', 'remove them')
    .addHelpText('after', helpText('Example: fdfs prune --older-than 365d --ext log --yes'))
    .action(does(async () => (await import('../commands/cluster-files.js')).prune));

  filtered(program.command('mirror [directory]'))
    .description(
      'copy all files to a directory or another cluster; the same command again resumes and copies what is new',
    )
    .option('--to-conf <file>', 'client.conf of the cluster to copy to')
    .option('--group <group>', 'only this group')
    .option('--target-group <group>', 'group of the other cluster (default: its trackers decide)')
    .option('--concurrency <count>', 'files at a time (default 8)', parseWhole)
    .addHelpText(
      'after',
      helpText(MIRROR_HELP, 'Example: fdfs mirror --to-conf /etc/fdfs/new.conf --map ids.jsonl'),
    )
    .action(does(async () => (await import('../commands/cluster-files.js')).mirror));
}

/** Adds the options that choose files. */
export function filtered(command: Command, needsAge = false): Command {
  const olderThan = new Option(
    '--older-than <moment>',
    'only files created before: an age (90d, 12h) or a date',
  )
    .argParser(parseMoment)
    .makeOptionMandatory(needsAge);
  return command
    .addOption(
      new Option('--kind <kind>', 'only files of this kind').choices(['normal', 'appender', 'slave']),
    )
    .option('--ext <extension>', 'only files with this extension')
    .addOption(olderThan)
    .option('--newer-than <moment>', 'only files created since: an age (90d, 12h) or a date', parseMoment);
}
