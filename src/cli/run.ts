/** From arguments to an exit code: parsing, signals, output that cannot be written. */
import { type Command, CommanderError } from 'commander';
import { Context, type GlobalOptions, type Work } from './context.js';
import {
  BrokenPipe,
  END_SIGNALS,
  type EndSignal,
  EXIT,
  exitCodeFor,
  explain,
  Interrupted,
  OutputError,
} from './exit.js';
import { chooseLanguage, localize, words } from './language.js';
import { createProgram } from './program.js';
import { takeUnwritten } from './results.js';

export async function run(args: readonly string[]): Promise<number> {
  await chooseLanguage(args);
  const end = listenForEnd();
  let code: number = EXIT.ok;
  const program = createProgram(async (command: Command, work: Work) => {
    code = await perform(new Context(command.optsWithGlobals<GlobalOptions>(), end), work);
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) code = EXIT.usage;
    if (code === EXIT.usage && args.includes('--json')) printUsageError(error.message);
  }
  await waitForOutput();
  for (const line of takeUnwritten()) {
    process.stderr.write(`fdfs: ${localize('not printed: {line}', { line })}\n`);
  }
  // What a command has written may turn out to be lost only now.
  if (code !== EXIT.ok || !end.aborted || end.reason instanceof Interrupted) return code;
  if (end.reason instanceof OutputError) process.stderr.write(`fdfs: ${explain(end.reason, words())}\n`);
  return exitCodeFor(end.reason);
}

function printUsageError(message: string): void {
  const error = { code: 'USAGE', message: message.replace(/^error: /, ''), exitCode: EXIT.usage };
  process.stdout.write(`${JSON.stringify({ error })}\n`);
}

async function perform(context: Context, work: Work): Promise<number> {
  try {
    return (await work(context)) ?? context.exitCode;
  } catch (error) {
    // Whatever failed because of the end, the end is the reason.
    const reason = context.signal.aborted ? context.signal.reason : error;
    context.fail(reason);
    return exitCodeFor(reason);
  } finally {
    await context.close();
  }
}

/** The first signal ends the command in good order, a second one at once. */
function listenForEnd(): AbortSignal {
  const end = new AbortController();
  const onSignal = (signal: EndSignal) => {
    const reason = new Interrupted(signal);
    if (end.signal.aborted) process.exit(reason.exitCode);
    end.abort(reason);
  };
  for (const signal of END_SIGNALS) process.on(signal, onSignal);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    end.abort(error.code === 'EPIPE' ? new BrokenPipe() : new OutputError(error));
  });
  // There is no place left for a message.
  process.stderr.on('error', () => undefined);
  return end.signal;
}

/** Waits until all output has been taken, or cannot be written any more. */
async function waitForOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.destroyed || stream.writableLength === 0) continue;
    await new Promise((resolve) => stream.write('', resolve));
  }
  // Errors of the last write are emitted a moment later.
  await new Promise((resolve) => setImmediate(resolve));
}
