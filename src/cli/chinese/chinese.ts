/** The program in Chinese. */
import type { Argument, Command, Help, HelpConfiguration, Option } from 'commander';
import { stringWidth } from '../text.js';
import { fillIn, type Text, type Words } from '../words.js';
import { BELOW, DESCRIPTIONS, PLACEHOLDERS, TITLES } from './help.js';
import { MESSAGES } from './messages.js';
import { ERROR_MEANINGS, SENTENCES } from './sentences.js';

export const CHINESE: Words = {
  semicolon: '；',
  say: ({ text, parts }) => fillIn(MESSAGES[text], parts, CHINESE),
  translate,
  help: (english) => BELOW[english] ?? english.replace(/^Example: ?/, '示例：'),
  translateHelp,
};

function translate(english: string, code = ''): string {
  const sentence = translateSentence(english);
  if (sentence !== undefined) return sentence;
  const meaning = new Map<string, string>(Object.entries(ERROR_MEANINGS)).get(code);
  return meaning === undefined ? english : `${meaning}：${english}`;
}

/** Returns undefined for what is no sentence of the lists. */
function translateSentence(english: string): string | undefined {
  if (Object.hasOwn(MESSAGES, english)) return MESSAGES[english as Text];
  for (const [text, chinese] of Object.entries(SENTENCES)) {
    const parts = matchParts(text, english);
    if (parts === undefined) continue;
    const translated = Object.entries(parts).map(([name, part]) => [name, translatePart(name, part)]);
    return fillIn(chinese, Object.fromEntries(translated), CHINESE);
  }
  return undefined;
}

function translatePart(name: string, part: string): string {
  if (name.startsWith('flags')) return translateTerm(part);
  if (name === 'argument') return PLACEHOLDERS[part] ?? part;
  return translateSentence(part) ?? part;
}

/** Parts that may be sentences; all others have no blank. */
const LONG_PARTS =
  /^(advice|behind|choices|flags2?|free|hint|expected|got|name|place|problem|reserved|source|status|total|value|versions|addresses|direction)$/;

/** What stands in the place of the `{parts}` of a text; undefined where the rest of it differs. */
function matchParts(text: string, english: string): Record<string, string> | undefined {
  const pattern = text
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{(\w+)\}/g, (_, name: string) =>
      LONG_PARTS.test(name) ? `(?<${name}>.+?)` : `(?<${name}>\\S+)`,
    );
  return new RegExp(`^${pattern}$`, 's').exec(english)?.groups ?? (text === english ? {} : undefined);
}

/** `--size <bytes>` and `[group]`, with the names in brackets translated. */
function translateTerm(term: string): string {
  return term.replace(/([<[])([^<>[\]]+?)(\.{3})?([>\]])/g, (_, open, name, dots = '', close) => {
    return `${open}${PLACEHOLDERS[name] ?? name}${dots}${close}`;
  });
}

function translateHelp(command: Command): void {
  command.configureHelp({ showGlobalOptions: true, ...HELP });
  command.description(describe(command.description()));
  command.helpOption('-h, --help', describe('display help for command'));
  if (command.commands.length > 0) {
    command.helpCommand('help [command]', describe('display help for command'));
  }
  for (const option of command.options) option.description = describe(option.description);
  for (const argument of command.registeredArguments) argument.description = describe(argument.description);
  for (const each of command.commands) translateHelp(each);
}

function describe(english: string): string {
  return DESCRIPTIONS[english] ?? english;
}

const HELP: HelpConfiguration = {
  styleTitle: (title) => TITLES[title] ?? title,
  displayWidth: stringWidth,
  boxWrap: (text, width) => (width < MIN_WIDTH ? text : wrapChinese(text, width)),
  commandUsage(this: Help, command: Command) {
    const names: string[] = [];
    for (let each: Command | null = command; each; each = each.parent) names.unshift(each.name());
    return `${names.join(' ')} ${translateTerm(command.usage())}`;
  },
  subcommandTerm(this: Help, command: Command) {
    const names = command.registeredArguments.map(formatArgument).join(' ');
    const options = command.options.length > 0 ? ' [options]' : '';
    return translateTerm(`${command.name()}${options}${names === '' ? '' : ` ${names}`}`);
  },
  optionTerm: (option) => translateTerm(option.flags),
  argumentTerm: (argument) => PLACEHOLDERS[argument.name()] ?? argument.name(),
  optionDescription: (option) => addValues(option, option.required || option.optional),
  argumentDescription: (argument) => addValues(argument, true),
};

/** As commander has it: below that a column is too narrow for text. */
const MIN_WIDTH = 40;

function formatArgument(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function addValues(
  { description, argChoices, defaultValue }: Option | Argument,
  takesValue: boolean,
): string {
  const values = [
    argChoices ? `可选值：${argChoices.join('、')}` : undefined,
    takesValue && defaultValue !== undefined ? `默认：${String(defaultValue)}` : undefined,
  ].filter((each) => each !== undefined);
  return values.length === 0 ? description : `${description}（${values.join('；')}）`;
}

/** Breaks at blanks and between Chinese characters, but not before punctuation that ends something, or behind what opens something. */
export function wrapChinese(text: string, width: number): string {
  const wrapped = text.split('\n').map((line) => {
    const lines = [''];
    for (const piece of line.split(
      /(?<=[\u3000-\u9fff\uff00-\uffef])(?<![（“])(?![，。、；：？！）”…])|(?<=[^\s\u3000-\u9fff\uff00-\uffef])(?=[\u4e00-\u9fff（“])|(?<= )/,
    )) {
      const longer = lines.at(-1)! + piece;
      if (stringWidth(longer.trimEnd()) <= width) lines[lines.length - 1] = longer;
      else lines.push(piece);
    }
    return lines.map((each) => each.trimEnd()).join('\n');
  });
  return wrapped.join('\n');
}
