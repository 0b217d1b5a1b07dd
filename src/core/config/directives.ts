/**
 * The preprocessor: `#@set`, `#@if … #@else … #@endif`, `#@for … #@endfor`. Lines in, lines out; each keeps the
 * number it has in its file. As in the C library a file is done conditions first, loops second, and before any of
 * its items is read, so a variable set in an included file is not known to a condition here.
 * Running commands is refused. PROTOCOL: client configuration file.
 */
import { BlockList, isIPv4 } from 'node:net';
import type { Host } from './host.js';
import { configError, formatPlace, type Place } from './place.js';
import { trimBlanks } from './values.js';

export interface Line extends Place {
  readonly text: string;
}

export interface Preprocessor {
  readonly host: Host;
  /** What `#@set` has set so far, in all files of one load. */
  readonly variables: Map<string, string>;
  readonly warnings: string[];
}

/** A loop that gives more lines than this is a mistake. */
const MAX_LINES = 10_000;
const MIN_NETWORK_BITS = 8;
const MAX_NETWORK_BITS = 30;

const OPENING = /^[ \t]*#@(set|if|for)[ \t]+(.*)$/;
const IF = /^[ \t]*#@if[ \t]/;
const ELSE = /^[ \t]*#@else[ \t\r]*$/;
const ENDIF = /^[ \t]*#@endif[ \t\r]*$/;
const FOR = /^[ \t]*#@for[ \t]/;
const ENDFOR = /^[ \t]*#@endfor[ \t\r]*$/;
const CONDITION = /^%\{([^}]+)\}[ \t]*in[ \t]*\[(.*)\]$/;
const RANGE = /^(\S+)[ \t]+from[ \t]+(\d+)[ \t]+to[ \t]+(\d+)(?:[ \t]+step[ \t]+(\d+))?$/;

/** @throws ArgumentError (`FASTDFS_CONFIG`) for a directive that cannot be understood, or that runs a command */
export function preprocess(lines: readonly Line[], state: Preprocessor): Line[] {
  return expandLoops(resolveConditions(lines, state));
}

function resolveConditions(lines: readonly Line[], state: Preprocessor): Line[] {
  const kept: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const [, directive, argument] = OPENING.exec(line.text) ?? [];
    if (directive === 'set') {
      setVariable(line, argument!, state.variables);
    } else if (directive === 'if') {
      const end = endOfBlock(lines, at, IF, ENDIF, '#@if');
      const body = lines.slice(at + 1, end);
      const split = body.findIndex(({ text }) => ELSE.test(text));
      const yes = split < 0 ? body : body.slice(0, split);
      const no = split < 0 ? [] : body.slice(split + 1);
      const chosen = holds(line, trimBlanks(argument!), state) ? yes : no;
      for (const each of resolveConditions(chosen, state)) kept.push(each);
      at = end;
    } else {
      kept.push(line);
    }
  }
  return kept;
}

function setVariable(line: Line, argument: string, variables: Map<string, string>): void {
  const equals = argument.indexOf('=');
  if (equals < 0) throw configError(`"#@set ${argument}" must be "#@set name = value"`, line);
  const name = trimBlanks(argument.slice(0, equals));
  const value = trimBlanks(argument.slice(equals + 1));
  if (value.startsWith('$(') && value.endsWith(')')) {
    throw configError(`"#@set ${name} = ${value}" would run a command, which this client does not do`, line);
  }
  variables.set(name, value);
}

function holds(line: Line, condition: string, state: Preprocessor): boolean {
  const [, name, list] = CONDITION.exec(condition) ?? [];
  if (name === undefined || list === undefined) {
    throw configError(`"#@if ${condition}" must be "#@if %{name} in [a, b]"`, line);
  }
  const values = list.split(',').map(trimBlanks);
  if (name === 'LOCAL_HOST') return values.includes(state.host.name());
  if (name === 'LOCAL_IP') return isLocalAddressIn(line, values, state);
  const value = state.variables.get(name);
  if (value === undefined) {
    state.warnings.push(`${formatPlace(line)}: variable "${name}" is not set, so the condition is false`);
    return false;
  }
  return values.includes(value);
}

function isLocalAddressIn(line: Line, values: readonly string[], state: Preprocessor): boolean {
  const addresses = state.host.addresses();
  const local = addresses.length > 0 ? addresses : ['127.0.0.1'];
  return values.some((value) => {
    const slash = value.indexOf('/');
    if (slash < 0) return local.includes(value);
    const network = value.slice(0, slash);
    const bits = Number(value.slice(slash + 1));
    if (!isIPv4(network) || !Number.isInteger(bits) || bits < MIN_NETWORK_BITS || bits > MAX_NETWORK_BITS) {
      throw configError(`"${value}" is not an IPv4 network; write a.b.c.d/n with n from 8 to 30`, line);
    }
    const range = new BlockList();
    range.addSubnet(network, bits);
    return local.some((address) => isIPv4(address) && range.check(address));
  });
}

function expandLoops(lines: readonly Line[]): Line[] {
  const expanded: Line[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const [, directive, argument] = OPENING.exec(line.text) ?? [];
    if (directive !== 'for') {
      expanded.push(line);
      continue;
    }
    const end = endOfBlock(lines, at, FOR, ENDFOR, '#@for');
    const { name, values } = parseRange(line, trimBlanks(argument!));
    const body = lines.slice(at + 1, end);
    if (body.length * values.length > MAX_LINES)
      throw configError(`"#@for" gives more than ${MAX_LINES} lines`, line);
    for (const value of values) {
      for (const each of body)
        expanded.push({ ...each, text: each.text.replaceAll(`{$${name}}`, String(value)) });
    }
    at = end;
  }
  return expanded;
}

function parseRange(line: Line, argument: string): { name: string; values: number[] } {
  const [, name, from, to, step = '1'] = RANGE.exec(argument) ?? [];
  const [first, last, width] = [Number(from), Number(to), Number(step)];
  if (name === undefined || first > last || width < 1) {
    throw configError(`"#@for ${argument}" must be "#@for i from 0 to 2 step 1", upwards`, line);
  }
  const count = Math.floor((last - first) / width) + 1;
  if (count > MAX_LINES) throw configError(`"#@for" gives more than ${MAX_LINES} lines`, line);
  return { name, values: Array.from({ length: count }, (_, index) => first + index * width) };
}

/** Blocks cannot be nested: the C library would pair the outer opening with the inner end. */
function endOfBlock(
  lines: readonly Line[],
  start: number,
  opening: RegExp,
  end: RegExp,
  name: string,
): number {
  for (let at = start + 1; at < lines.length; at++) {
    const { text } = lines[at]!;
    if (end.test(text)) return at;
    if (opening.test(text)) throw configError(`"${name}" inside "${name}" cannot be used`, lines[at]);
  }
  throw configError(`"${name}" has no end`, lines[start]);
}
