/** Commands on files: their arguments and options. */
import { type Command, Option } from 'commander';
import type { Does } from '../does.js';
import { collectFileIds, readFileId } from '../file-ids.js';
import { collectPair, parseBytes, parseJobs, parseRange, parseSeconds } from '../values.js';

const FILE_ID = 'file id, also as the URL or path of a web server';
const FILE_IDS = 'file ids, also as URLs or paths of a web server; -: one a line from standard input';
const SOURCE = 'local file; -: standard input';

export function defineFileCommands(program: Command, does: Does): void {
  defineUploads(program, does);
  defineDownload(program, does);
  defineAppenderCommands(program, does);
  defineLookUps(program, does);
}

const jobs = () =>
  new Option('--jobs <count>', 'how many files at a time, where there are several').argParser(parseJobs);

function defineUploads(program: Command, does: Does): void {
  program
    .command('upload')
    .argument('<files...>', 'local files; -: standard input. With --recursive: one folder')
    .description('upload files and print their ids; several files: each id with its name, behind a tab')
    .option('-r, --recursive', 'upload all files of a folder')
    .option(
      '--manifest <file>',
      'with --recursive: write path and id of each file there, as JSON lines, and leave out files that it has unchanged',
    )
    .option('--appender', 'make appender files, which can be appended to and truncated')
    .option('--meta <name=value>', 'metadata (repeatable)', collectPair)
    .option('--group <group>', 'group to upload to (default: the trackers decide)')
    .option('--ext <extension>', 'extension of the file id (default: that of the file)')
    .option('--filename <name>', 'name of what comes by standard input')
    .option('--keep-filename', 'keep the name as metadata "filename"')
    .option(
      '--size <bytes>',
      'fail unless this is the exact size; saves a temporary file for standard input',
      parseBytes,
    )
    .addOption(jobs())
    .action(does(async () => (await import('../commands/upload.js')).upload));

  program
    .command('upload-slave')
    .argument('<masterFileId>', FILE_ID, readFileId)
    .argument('<prefix>', 'what its name adds to that of the master, e.g. _200x200')
    .argument('<file>', SOURCE)
    .description('upload a file that belongs to another, such as a thumbnail, and print its id')
    .option('--meta <name=value>', 'metadata (repeatable)', collectPair)
    .option('--ext <extension>', 'extension of the file id (default: that of the file)')
    .option('--filename <name>', 'name of what comes by standard input')
    .option('--keep-filename', 'keep the name as metadata "filename"')
    .action(does(async () => (await import('../commands/upload.js')).uploadSlave));

  program
    .command('copy')
    .argument('<fileId>', FILE_ID, readFileId)
    .description('store a copy, with its metadata, as an ordinary file and print its id')
    .option('--group <group>', 'group of the copy (default: that of the file)')
    .action(does(async () => (await import('../commands/files.js')).copy));
}

function defineDownload(program: Command, does: Does): void {
  program
    .command('download')
    .argument(
      '[fileIds-and-target...]',
      'file ids (also URLs; -: one a line from standard input), then a file, a folder, or - for standard output',
    )
    .usage(
      '[options] <fileId> [file | folder | -]\n       fdfs download [options] <fileIds...> [folder]\n       fdfs download --manifest <file> [folder]',
    )
    .description('download to files, into a folder, or to standard output')
    .option(
      '--range <start-end>',
      'a part: 0-99 (both inclusive), 100-, or -100 (the last hundred)',
      parseRange,
    )
    .option('-c, --continue', 'go on where an earlier run with this option stopped; leave whole files alone')
    .option('--keep-filename', 'name files as their metadata "filename" says; never over another file')
    .option('--manifest <file>', 'download the files of a manifest to the paths that it has')
    .addOption(jobs())
    .action(does(async () => (await import('../commands/download.js')).download));
}

function defineAppenderCommands(program: Command, does: Does): void {
  program
    .command('append')
    .argument('<fileId>', FILE_ID, readFileId)
    .argument('<file>', SOURCE)
    .description('append a file, or standard input (-), to an appender file')
    .action(does(async () => (await import('../commands/appender.js')).append));

  program
    .command('modify')
    .argument('<fileId>', FILE_ID, readFileId)
    .argument('<offset>', 'first byte to write over, at most the size of the file')
    .argument('<file>', SOURCE)
    .description('write over bytes of an appender file, and past its end')
    .action(does(async () => (await import('../commands/appender.js')).modify));

  program
    .command('truncate')
    .argument('<fileId>', FILE_ID, readFileId)
    .argument('[size]', 'in bytes (default 0)')
    .description('cut an appender file to a size, or extend it with zeros')
    .action(does(async () => (await import('../commands/appender.js')).truncate));

  program
    .command('finalize')
    .argument('<fileId>', FILE_ID, readFileId)
    .description('make an ordinary file of an appender file and print its new id')
    .addOption(
      new Option('--by <way>', 'rename is faster, loses the metadata, and stalls replication for seconds')
        .choices(['copy', 'rename'])
        .default('copy'),
    )
    .action(does(async () => (await import('../commands/appender.js')).finalize));
}

function defineLookUps(program: Command, does: Does): void {
  program
    .command('rm')
    .argument('<fileIds...>', FILE_IDS, collectFileIds)
    .description('remove files and their metadata')
    .option('-f, --force', 'files that are not there are no error')
    .addOption(jobs())
    .action(does(async () => (await import('../commands/files.js')).remove));

  program
    .command('stat')
    .argument('<fileIds...>', FILE_IDS, collectFileIds)
    .description('size, time and checksum; no server is asked for what the file id has')
    .option('--server', 'ask the server: proves that the file is there')
    .option('--crc', 'checksum of appender and slave files, too: the server reads all of them')
    .action(does(async () => (await import('../commands/files.js')).stat));

  program
    .command('locate')
    .argument('<fileIds...>', FILE_IDS, collectFileIds)
    .description('the storages that have a file')
    .option('--update', 'the one where it can be changed')
    .action(does(async () => (await import('../commands/files.js')).locate));

  const meta = program.command('meta').description('metadata of a file');
  meta
    .command('get')
    .argument('<fileId>', FILE_ID, readFileId)
    .description('print the metadata')
    .action(does(async () => (await import('../commands/meta.js')).getMeta));
  meta
    .command('set')
    .argument('<fileId>', FILE_ID, readFileId)
    .argument('<name=value...>')
    .description('replace the metadata')
    .option('--merge', 'keep the names that are not given')
    .action(does(async () => (await import('../commands/meta.js')).setMeta));

  program
    .command('url')
    .argument('<fileId>', FILE_ID, readFileId)
    .description('where a web server of the cluster serves the file')
    .option('--base-url <url>', 'what the URL starts with (default: FDFS_BASE_URL, else a path is printed)')
    .option(
      '--expires-in <seconds>',
      'how long the token is good for (default: token_ttl of the configuration, or 600)',
      parseSeconds,
    )
    .option('--no-token', 'no token although there is a secret, for files that are public')
    .option('--filename <name>', 'name under which browsers save the file')
    .action(does(async () => (await import('../commands/url.js')).url));
}
