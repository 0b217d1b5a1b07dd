/** Commands on files: their arguments and options. */
import type { Command } from 'commander';
import type { Does } from '../does.js';
import { collectPair, parseBytes, parseRange, parseSeconds } from '../values.js';

export function defineFileCommands(program: Command, does: Does): void {
  program
    .command('upload [files...]')
    .description('upload files, or standard input (-, or no file), and print the file ids')
    .option('--appender', 'make appender files, which can be appended to and truncated')
    .option('--meta <name=value>', 'metadata (repeatable)', collectPair)
    .option('--group <group>', 'group to upload to (default: the trackers decide)')
    .option('--ext <extension>', 'extension of the file id (default: that of the file)')
    .option('--filename <name>', 'name of what comes by standard input')
    .option('--keep-filename', 'keep the name as metadata "filename"')
    .option(
      '--size <bytes>',
      'fail unless this is the exact size; spares the server work for standard input',
      parseBytes,
    )
    .action(does(async () => (await import('../commands/upload.js')).upload));

  program
    .command('download <fileId> [path]')
    .description('download to a file, into a directory, or to standard output (-)')
    .option(
      '--range <start-end>',
      'a part: 0-99 (both inclusive), 100-, or -100 (the last hundred)',
      parseRange,
    )
    .action(does(async () => (await import('../commands/download.js')).download));

  program
    .command('append <fileId> [file]')
    .description('append a file, or standard input (-, or no file), to an appender file')
    .action(does(async () => (await import('../commands/appender.js')).append));

  program
    .command('truncate <fileId> [size]')
    .description('cut an appender file to a size (default 0), or extend it with zeros')
    .action(does(async () => (await import('../commands/appender.js')).truncate));

  program
    .command('rm <fileIds...>')
    .description('remove files and their metadata')
    .option('-f, --force', 'files that are not there are no error')
    .action(does(async () => (await import('../commands/files.js')).remove));

  program
    .command('stat <fileIds...>')
    .description('size, time and checksum; nobody is asked where the file id tells them')
    .option('--server', 'ask the server: proves that the file is there')
    .option('--crc', 'checksum of appender and slave files, too: the server reads all of them')
    .action(does(async () => (await import('../commands/files.js')).stat));

  const meta = program.command('meta').description('metadata of a file');
  meta
    .command('get <fileId>')
    .description('print the metadata')
    .action(does(async () => (await import('../commands/meta.js')).getMeta));
  meta
    .command('set <fileId> <name=value...>')
    .description('replace the metadata')
    .option('--merge', 'keep the names that are not given')
    .action(does(async () => (await import('../commands/meta.js')).setMeta));

  program
    .command('url <fileId>')
    .description('where a web server of the cluster serves the file')
    .option('--base-url <url>', 'what the url starts with (default: FDFS_BASE_URL, else a path is printed)')
    .option(
      '--expires-in <seconds>',
      'how long the token is good for (default: token_ttl of the configuration, or 600)',
      parseSeconds,
    )
    .option('--filename <name>', 'name under which browsers save the file')
    .action(does(async () => (await import('../commands/url.js')).url));
}
