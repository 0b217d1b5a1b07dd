/**
 * The language of help and messages: English, or Chinese for those who ask for it. Code has the English texts; the Chinese ones are
 * in `chinese/`, which is loaded only when they are needed. JSON, codes and names of options are the same in every language.
 */
import { ENGLISH, message, type PartsOf, type Text, type Words } from './words.js';

let chosen = ENGLISH;

/** The language of the user. */
export function words(): Words {
  return chosen;
}

/** Chooses by `--lang`, `FDFS_LANG` or the locale. */
export async function chooseLanguage(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  chosen = isChinese(args, env) ? (await import('./chinese/chinese.js')).CHINESE : ENGLISH;
}

/** The first one that is set counts, as for other programs. */
export function isChinese(args: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const at = options.lastIndexOf('--lang');
  const joined = options.findLast((arg) => arg.startsWith('--lang='))?.slice('--lang='.length);
  const asked = at >= 0 ? options[at + 1] : joined;
  const language = asked || env.FDFS_LANG || env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^zh\b|^zh_/i.test(language);
}

/** Returns a text in the language of the user. */
export function localize<T extends Text>(text: T, ...parts: PartsOf<T>): string {
  return chosen.say(message(text, ...parts));
}

/** Returns what stands below the help of a command, made when the help is shown. */
export function helpText(...english: readonly string[]): () => string {
  return () => `\n${english.map((text) => chosen.help(text)).join('\n\n')}`;
}
