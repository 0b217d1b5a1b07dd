/**
 * The syntax of libfastcommon: `name = value` lines, sections, includes, preprocessor. It knows lines and their
 * places, and nothing of what the names mean. PROTOCOL: client configuration file.
 */
import { dirname } from 'node:path';
import { type Line, type Preprocessor, preprocess } from './directives.js';
import { locateFile, readText } from './files.js';
import { callFunction, checkFunction } from './functions.js';
import { type Host, thisHost } from './host.js';
import { configError, formatPlace, type Place } from './place.js';
import { cutBytes, trimBlanks } from './values.js';

/** One `name = value`, after all directives. */
export interface IniItem extends Place {
  /** '' for the global section. */
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

export interface Ini {
  readonly items: readonly IniItem[];
  readonly warnings: string[];
}

const MAX_INCLUDE_DEPTH = 16;
const MAX_NAME_BYTES = 63;
const MAX_VALUE_BYTES = 255;
const BYTE_ORDER_MARK = 0xfeff;

const INCLUDE = /^#include[ \t](.*)$/i;
const FUNCTION = /^#@function[ \t](.*)$/i;
const ADD_ANNOTATION = /^#@add_annotation\b/i;
const SECTION = /^\[(.*)\]$/;

/**
 * Reads a file and all that it includes.
 * @param path absolute
 * @throws ArgumentError (`FASTDFS_CONFIG`) for what cannot be read or understood, naming file and line
 */
export function readIni(path: string, host: Host = thisHost): Ini {
  const reader = new IniReader(dirname(path), host);
  reader.read(path);
  return reader;
}

class IniReader implements Ini, Preprocessor {
  readonly items: IniItem[] = [];
  readonly warnings: string[] = [];
  readonly variables = new Map<string, string>();
  readonly host: Host;
  /** Of the file that everything started with: includes of included files are relative to it, too. */
  readonly #directory: string;
  /** The files that are being read, outermost first. */
  readonly #open: string[] = [];
  #section = '';

  constructor(directory: string, host: Host) {
    this.#directory = directory;
    this.host = host;
  }

  read(path: string, from?: Place): void {
    if (this.#open.includes(path)) throw configError(`${path} includes itself`, from);
    if (this.#open.length >= MAX_INCLUDE_DEPTH) {
      throw configError(`Includes are nested more than ${MAX_INCLUDE_DEPTH} deep`, from);
    }
    const text = readText(path, from);
    this.#open.push(path);
    this.#readLines(preprocess(this.#split(path, text), this));
    this.#open.pop();
  }

  #split(file: string, text: string): Line[] {
    const marked = text.charCodeAt(0) === BYTE_ORDER_MARK;
    if (marked) {
      this.warnings.push(
        `${file}:1: the byte order mark is skipped here, but FastDFS itself takes it as part of the first name`,
      );
    }
    return (marked ? text.slice(1) : text)
      .split('\n')
      .map((each, index) => ({ text: each.replace(/\r+$/, ''), file, line: index + 1 }));
  }

  #readLines(lines: readonly Line[]): void {
    let waiting: string | undefined;
    for (const line of lines) {
      const called = waiting;
      waiting = undefined;
      const text = trimBlanks(line.text);
      const item = text.startsWith('#') || SECTION.test(text) ? undefined : this.#parseItem(line, text);
      if (item) {
        const values = called === undefined ? [item.value] : callFunction(called, item.value, line, this);
        for (const value of values)
          this.items.push({ ...item, value: this.#cut(line, 'value', value, MAX_VALUE_BYTES) });
        continue;
      }
      if (called !== undefined) {
        this.warnings.push(
          `${formatPlace(line)}: "#@function ${called}" must stand right above a name = value line`,
        );
      }
      waiting = this.#other(line, text);
    }
    if (waiting !== undefined)
      this.warnings.push(`${this.#open.at(-1)}: "#@function ${waiting}" stands above nothing`);
  }

  /** Names and values are cut before blanks around them go, which is how the C library counts. */
  #parseItem(line: Line, text: string): IniItem | undefined {
    const equals = text.indexOf('=');
    if (equals < 0) return undefined;
    const name = trimBlanks(this.#cut(line, 'name', text.slice(0, equals), MAX_NAME_BYTES));
    const value = trimBlanks(this.#cut(line, 'value', text.slice(equals + 1), MAX_VALUE_BYTES));
    return { section: this.#section, name, value, file: line.file, line: line.line };
  }

  #cut(line: Line, part: 'name' | 'value', text: string, limit: number): string {
    const kept = cutBytes(text, limit);
    if (kept !== text) {
      this.warnings.push(
        `${formatPlace(line)}: the ${part} is cut to ${limit} bytes, the most that FastDFS reads`,
      );
    }
    return kept;
  }

  /** A line without an item. Gives the function that it calls for the next line, if it does. */
  #other(line: Line, text: string): string | undefined {
    const section = SECTION.exec(text)?.[1];
    if (section !== undefined) {
      this.#section = trimBlanks(section);
      return undefined;
    }
    // Blanks before the directive do not matter to the C library.
    const included = INCLUDE.exec(text)?.[1];
    if (included !== undefined) {
      this.#include(line, trimBlanks(included));
      return undefined;
    }
    const called = FUNCTION.exec(text)?.[1];
    if (called !== undefined) {
      const name = trimBlanks(called);
      checkFunction(name, line);
      return name;
    }
    if (ADD_ANNOTATION.test(text)) {
      throw configError('"#@add_annotation" would load a library, which this client does not do', line);
    }
    return undefined;
  }

  /** Includes start and end in the global section: a section that was open before is not taken up again. */
  #include(line: Line, name: string): void {
    this.#section = '';
    this.read(locateFile(this.#directory, name, line), line);
    this.#section = '';
  }
}
