/** Texts of the program, whatever the language: what a message is, and the words for it in English. */
import type { Command } from 'commander';
import type { MESSAGES } from './chinese/messages.js';

/** English texts of messages. Each has a Chinese one: without it the program does not compile. */
export type Text = keyof typeof MESSAGES;

type PartNames<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PartNames<Rest>
  : never;
/** What stands for the `{parts}` of a text. */
export type Parts<T extends string> = Readonly<Record<PartNames<T>, string | number | Message>>;
/** The argument for the parts; a text without parts takes none. */
export type PartsOf<T extends string> = [PartNames<T>] extends [never] ? [] : [parts: Parts<T>];

/** A message that has no language yet. */
export interface Message {
  readonly text: Text;
  readonly parts: Readonly<Record<string, string | number | Message>>;
}

/** One language. */
export interface Words {
  /** What stands between two messages on a line. */
  readonly semicolon: string;
  /** Returns the text of a message. */
  say(message: Message): string;
  /** Returns what another part wrote in English: the library, the system or the parser of arguments. */
  translate(english: string, code?: string): string;
  /** Translates the help of a program. */
  translateHelp(program: Command): void;
  /** Returns a text that stands below the help of a command. */
  help(english: string): string;
}

export const ENGLISH: Words = {
  semicolon: '; ',
  say: ({ text, parts }) => fillIn(text, parts, ENGLISH),
  translate: (english) => english,
  translateHelp: () => undefined,
  help: (english) => english,
};

export function message<T extends Text>(text: T, ...[parts]: PartsOf<T>): Message {
  return { text, parts: parts ?? {} };
}

export function fillIn(
  text: string,
  parts: Readonly<Record<string, string | number | Message>>,
  language: Words,
): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const part = parts[name];
    return part === undefined ? whole : typeof part === 'object' ? language.say(part) : String(part);
  });
}
