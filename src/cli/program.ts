/**
 * Builds the command line from the definitions of all commands. A definition loads what its command does when the command
 * runs, so that the program starts quickly. To add a command: a definition, listed here, and a function in `commands/`.
 */
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Work } from './context.js';
import { defineAdminCommands } from './definitions/admin.js';
import { defineClusterCommands } from './definitions/cluster.js';
import { defineCompletionCommand } from './definitions/completion.js';
import { defineConsoleCommand } from './definitions/console.js';
import { defineDevCommand } from './definitions/dev.js';
import { defineFileCommands } from './definitions/files.js';
import { defineListingCommands } from './definitions/listing.js';
import type { Action, Does } from './does.js';
import { CLUSTER_HELP, EXIT_HELP } from './help-texts.js';
import { helpText, localize, words } from './language.js';
import { commandMeant } from './other-names.js';
import { collect } from './values.js';

/** In the order of the help. */
const DEFINITIONS: ReadonlyArray<(program: Command, does: Does) => void> = [
  defineFileCommands,
  defineListingCommands,
  defineClusterCommands,
  defineAdminCommands,
  defineConsoleCommand,
  defineDevCommand,
  defineCompletionCommand,
];

/** Runs one command with what its definition says. */
type Perform = (command: Command, work: Work) => Promise<void>;

export function createProgram(perform: Perform): Command {
  const does: Does =
    <Args extends unknown[]>(load: () => Promise<Action<Args>>) =>
    (...all: unknown[]) =>
      // Commander passes the arguments, the options and the command itself.
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
    .addOption(
      new Option(
        '--map <announced=reachable>',
        'address to connect to for one that a server announces (repeatable)',
      ).argParser(collect),
    )
    .option('--json', 'results as JSON, one document on each line')
    .addOption(
      new Option(
        '--lang <language>',
        'language of help and messages (default: FDFS_LANG, or the locale)',
      ).choices(['en', 'zh']),
    )
    .option('-q, --quiet', 'results and errors only: no progress, notes or warnings')
    .option('--verbose', 'warnings about the configuration; errors with their stack')
    .addHelpText('after', helpText(CLUSTER_HELP, EXIT_HELP))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text, write) => write(formatUsageError(text)) })
    .exitOverride();

  for (const define of DEFINITIONS) define(program, does);
  words().translateHelp(program);
  return program;
}

/** Returns one line, as for all errors. */
function formatUsageError(text: string): string {
  const [first = '', ...rest] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const unknown = /^unknown command '(.+)'$/.exec(first)?.[1];
  const suggestion = commandMeant(unknown) ?? /^\(Did you mean (.+)\?\)$/.exec(rest.join(' '))?.[1];
  const problem = words().translate(first);
  const line = suggestion
    ? localize('{problem} (did you mean {suggestion}?)', { problem, suggestion })
    : localize('{problem} (see --help)', { problem });
  return `fdfs: ${line}\n`;
}

function version(): string {
  const file = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}
