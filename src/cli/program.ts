/** Every command with its arguments and options. What they do is loaded when one is run, so that the start is quick. */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { CLUSTER_HELP } from './cluster-choice.js';
import type { Context, Work } from './context.js';
import { EXIT_HELP } from './exit.js';
import {
  collect,
  collectGroup,
  collectPair,
  parseBytes,
  parsePort,
  parseRange,
  parseSeconds,
  parseWhole,
} from './values.js';

type Perform = (command: Command, work: Work) => Promise<void>;
/** A number is the exit code. */
type Action<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<unknown>;

export function createProgram(perform: Perform): Command {
  /** Commander passes the arguments, the options and the command itself. */
  const does =
    <Args extends unknown[]>(load: () => Promise<Action<Args>>) =>
    (...all: unknown[]) =>
      perform(all.at(-1) as Command, async (context) => {
        const action = await load();
        const result = await action(context, ...(all.slice(0, -1) as Args));
        return typeof result === 'number' ? result : undefined;
      });

  const program = new Command('fdfs')
    .description('Files in FastDFS, and the cluster that keeps them.')
    .version(version())
    .option('--conf <file>', 'client.conf of the cluster')
    .addOption(
      new Option('--tracker <host:port>', 'tracker of the cluster (repeatable)')
        .argParser(collect)
        .conflicts('conf'),
    )
    .option('--json', 'results as JSON, one document on each line')
    .option('--verbose', 'warnings about the configuration; errors with their stack')
    .addHelpText('after', `\n${CLUSTER_HELP}\n\n${EXIT_HELP}`)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) })
    .exitOverride();

  addFileCommands(program, does);
  addClusterCommands(program, does);
  return program;
}

type Does = <Args extends unknown[]>(
  load: () => Promise<Action<Args>>,
) => (...all: unknown[]) => Promise<void>;

function addFileCommands(program: Command, does: Does): void {
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
    .action(does(async () => (await import('./commands/upload.js')).upload));

  program
    .command('download <fileId> [path]')
    .description('download to a file, into a directory, or to standard output (-)')
    .option(
      '--range <start-end>',
      'a part: 0-99 (both inclusive), 100-, or -100 (the last hundred)',
      parseRange,
    )
    .action(does(async () => (await import('./commands/download.js')).download));

  program
    .command('append <fileId> [file]')
    .description('append a file, or standard input (-, or no file), to an appender file')
    .action(does(async () => (await import('./commands/appender.js')).append));

  program
    .command('truncate <fileId> [size]')
    .description('cut an appender file to a size (default 0), or extend it with zeros')
    .action(does(async () => (await import('./commands/appender.js')).truncate));

  program
    .command('rm <fileIds...>')
    .description('remove files and their metadata')
    .option('-f, --force', 'files that are not there are no error')
    .action(does(async () => (await import('./commands/files.js')).remove));

  program
    .command('stat <fileIds...>')
    .description('size, time and checksum; nobody is asked where the file id tells them')
    .option('--server', 'ask the server: proves that the file is there')
    .option('--crc', 'checksum of appender and slave files, too: the server reads all of them')
    .action(does(async () => (await import('./commands/files.js')).stat));

  const meta = program.command('meta').description('metadata of a file');
  meta
    .command('get <fileId>')
    .description('print the metadata')
    .action(does(async () => (await import('./commands/meta.js')).getMeta));
  meta
    .command('set <fileId> <name=value...>')
    .description('replace the metadata')
    .option('--merge', 'keep the names that are not given')
    .action(does(async () => (await import('./commands/meta.js')).setMeta));

  program
    .command('url <fileId>')
    .description('where a web server of the cluster serves the file')
    .option('--base-url <url>', 'what the url starts with (default: FDFS_BASE_URL, else a path is printed)')
    .option('--expires-in <seconds>', 'how long the token is good for (default 900)', parseSeconds)
    .option('--filename <name>', 'name under which browsers save the file')
    .action(does(async () => (await import('./commands/url.js')).url));
}

function addClusterCommands(program: Command, does: Does): void {
  program
    .command('groups')
    .description('list the groups')
    .action(does(async () => (await import('./commands/cluster.js')).groups));

  program
    .command('storages [group]')
    .description('list the storages of a group, or of all')
    .action(does(async () => (await import('./commands/cluster.js')).storages));

  program
    .command('monitor')
    .description('trackers, groups and storages, and what is wrong with them')
    .option('--watch', 'look again and again')
    .addOption(
      new Option('--interval <seconds>', 'time between two looks (default 5; implies --watch)')
        .argParser(parseSeconds)
        .implies({ watch: true }),
    )
    .action(does(async () => (await import('./commands/monitor.js')).monitor));

  program
    .command('health')
    .description('one verdict; exit code 0 ok, 1 degraded, 2 down')
    .action(does(async () => (await import('./commands/cluster.js')).health));

  const admin = program.command('admin').description('change the cluster');
  const yes = ['-y, --yes', 'do not ask'] as const;
  admin
    .command('delete-group <group>')
    .description('remove a group that has no storage left')
    .option(...yes)
    .action(does(async () => (await import('./commands/admin.js')).deleteGroup));
  admin
    .command('delete-storage <group> <storageId>')
    .description('remove a storage that has been stopped')
    .option(...yes)
    .action(does(async () => (await import('./commands/admin.js')).deleteStorage));
  admin
    .command('set-trunk <group> [storageId]')
    .description('make a storage the trunk server of its group (default: the leader chooses)')
    .option(...yes)
    .action(does(async () => (await import('./commands/admin.js')).setTrunk));

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
    .action(does(async () => (await import('./commands/dev.js')).dev));
}

/** One line, as for all errors. */
function usageLine(text: string): string {
  const [first = '', ...rest] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const suggestion = /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1];
  return `fdfs: ${first} (${suggestion ? `did you mean ${suggestion}?` : 'see --help'})\n`;
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
