/** How a command can end: exit codes, and errors in one line. Errors are known by their names, so that their classes need not be loaded. */
import { getSystemErrorMap } from 'node:util';
import { escapeControls } from './escape.js';
import { ENGLISH, type Message, message, type PartsOf, type Text, type Words } from './words.js';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  /** As shells report a program that SIGPIPE ended. */
  brokenPipe: 141,
} as const;

/** An error of the command line itself: its message is English, and can be said in another language. */
export class CliError<T extends Text = Text> extends Error {
  readonly #text: Message;

  constructor(text: T, ...parts: PartsOf<T>) {
    super(ENGLISH.say(message(text, ...parts)));
    this.#text = message(text, ...parts);
  }

  say(words: Words): string {
    return words.say(this.#text);
  }
}

/** The command line cannot be used. */
export class UsageError<T extends Text = Text> extends CliError<T> {
  readonly code = 'USAGE';
}

const notes = new WeakMap<Error, Message>();

/** Adds to what is reported of an error. */
export function addNote(error: unknown, note: Message): void {
  if (error instanceof Error) notes.set(error, note);
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
export class OutputError extends CliError<'standard output: {problem}'> {
  constructor(cause: NodeJS.ErrnoException) {
    super('standard output: {problem}', { problem: errnoText(cause) ?? cause.message });
    this.cause = cause;
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

/** One line: what happened, and what to do where that is known. In English for machines, in the words of the user for people. */
export function explain(error: unknown, words: Words = ENGLISH): string {
  if (!(error instanceof Error)) return String(error);
  const { orphan, maybeApplied } = error as ErrorFields;
  const parts = [errorText(error, words)];
  const note = notes.get(error);
  if (note) parts.push(words.say(note));
  if (maybeApplied === true) parts.push(words.say(message('the change may have been made all the same')));
  if (typeof orphan === 'string') {
    parts.push(
      words.say(message('a file is left behind, remove it with: fdfs rm {fileId}', { fileId: orphan })),
    );
  }
  return escapeControls(parts.join(words.semicolon).replace(/\s*\n\s*/g, ' '));
}

function errorText(error: Error, words: Words): string {
  if (error instanceof CliError) return error.say(words);
  const { code, path } = error as ErrorFields;
  const problem = errnoText(error);
  // `ENOENT: no such file or directory, open 'a'` in the words of other programs.
  if (problem !== undefined && typeof path === 'string') {
    return words.say(message('{file}: {problem}', { file: path, problem: words.translate(problem) }));
  }
  return words.translate(error.message, typeof code === 'string' ? code : undefined);
}

function errnoText(error: Error): string | undefined {
  const { errno } = error as ErrorFields;
  return typeof errno === 'number' ? getSystemErrorMap().get(errno)?.[1] : undefined;
}

/** The same for machines. */
export function describeError(error: unknown): Record<string, unknown> {
  return { ...(error instanceof Error ? error : {}), message: explain(error) };
}
