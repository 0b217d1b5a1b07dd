/** How a command can end: exit codes, and errors in one line. Errors are known by their names, so that their classes need not be loaded. */
import { getSystemErrorMap } from 'node:util';
import { escapeControls } from './escape.js';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  /** As shells report a program that SIGPIPE ended. */
  brokenPipe: 141,
} as const;

export const EXIT_HELP = `Exit codes:
  0    done
  1    failed, or several files failed for different reasons
  2    wrong arguments, options or configuration
  3    no such file, group or storage
  4    no server could be reached, or none answered in time
  130  interrupted (Ctrl-C); what was half-done has been removed
  141  the reader of the output ended before all was written
  health: 0 ok, 1 degraded, 2 down; doctor: 0 no problem, 1 problems, 2 no server reached`;

/** The command line cannot be used. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
export type EndSignal = keyof typeof SIGNAL_NUMBERS;
export const END_SIGNALS = Object.keys(SIGNAL_NUMBERS) as EndSignal[];

/** The program was interrupted; that needs no message. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(`Interrupted by ${signal}`);
    this.exitCode = 128 + SIGNAL_NUMBERS[signal];
  }
}

/** The reader of the output has ended, so a message would not be read either. */
export class BrokenPipe extends Error {
  readonly exitCode = EXIT.brokenPipe;
}

/** Standard output cannot be written: a full disk, most likely. */
export class OutputError extends Error {
  constructor(cause: NodeJS.ErrnoException) {
    super(`standard output: ${errnoText(cause) ?? cause.message}`, { cause });
  }
}

export function isQuiet(error: unknown): error is Interrupted | BrokenPipe {
  return error instanceof Interrupted || error instanceof BrokenPipe;
}

interface ErrorFields {
  code?: unknown;
  errno?: unknown;
  path?: unknown;
  orphan?: unknown;
  maybeApplied?: unknown;
}

export function exitCodeFor(error: unknown): number {
  if (isQuiet(error)) return error.exitCode;
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof Error)) return EXIT.failed;
  const { code } = error as ErrorFields;
  if (code === 'FASTDFS_NOT_FOUND') return EXIT.notFound;
  if (error.name === 'NetworkError' || error.name === 'TimeoutError') return EXIT.unreachable;
  return error.name === 'ArgumentError' && code !== 'FASTDFS_SIZE_MISMATCH' ? EXIT.usage : EXIT.failed;
}

/** One line: what happened, and what to do where that is known. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { orphan, maybeApplied } = error as ErrorFields;
  const parts = [systemMessage(error) ?? error.message];
  if (maybeApplied === true) parts.push('the change may have been made all the same');
  if (typeof orphan === 'string') parts.push(`a file is left behind, remove it with: fdfs rm ${orphan}`);
  return escapeControls(parts.join('; ').replace(/\s*\n\s*/g, ' '));
}

/** `ENOENT: no such file or directory, open 'a'` in the words of other programs. */
function systemMessage(error: Error): string | undefined {
  const { path } = error as ErrorFields;
  const text = errnoText(error);
  return text === undefined || typeof path !== 'string' ? undefined : `${path}: ${text}`;
}

function errnoText(error: Error): string | undefined {
  const { errno } = error as ErrorFields;
  return typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[1] : undefined;
}

/** The same for machines. */
export function describeError(error: unknown): Record<string, unknown> {
  return { ...(error instanceof Error ? error : {}), message: explain(error) };
}
