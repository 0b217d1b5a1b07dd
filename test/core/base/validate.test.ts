/** Options objects: what is refused, and that the message names the key. */
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import {
  booleanOption,
  type Checks,
  checkCount,
  checkOptions,
  dateOption,
  enumOption,
  functionOption,
  integerOption,
  objectOption,
  signalOption,
  stringOption,
} from '../../../src/core/base/validate.js';

interface Options {
  flag?: boolean | undefined;
  text?: string | undefined;
  call?: (() => void) | undefined;
  data?: object | undefined;
  at?: Date | undefined;
  signal?: AbortSignal | undefined;
  count?: number | undefined;
  mode?: 'one' | 'two' | false | undefined;
}

const CHECKS: Checks<Options> = {
  flag: booleanOption,
  text: stringOption,
  call: functionOption,
  data: objectOption,
  at: dateOption,
  signal: signalOption,
  count: integerOption(1, 9),
  mode: enumOption('one', 'two', false),
};
const check = (options: unknown) => () => checkOptions('test()', options as Options, CHECKS);

it('takes right values, undefined for each of them, and no options at all', () => {
  check(undefined)();
  check({})();
  check(Object.fromEntries(Object.keys(CHECKS).map((key) => [key, undefined])))();
  check({
    flag: false,
    text: '',
    call: () => undefined,
    data: {},
    at: new Date(0),
    signal: AbortSignal.abort(),
    count: 9,
    mode: false,
  })();
});

it('refuses objects whose content is not in properties, and takes those of any class that has it there', () => {
  const blind = [
    new Map([['flag', true]]),
    new URL('file:///a'),
    AbortSignal.abort(),
    new Date(),
    new Headers(),
  ];
  for (const value of blind) {
    const name = value.constructor.name;
    expect(check(value)).toThrow(`The options of test() must be an object, not ${name}`);
    expect(check({ data: value })).toThrow(`Option \`data\` of test() must be an object, not ${name}`);
  }
  class Settings {
    flag = true;
  }
  for (const value of [
    new Settings(),
    Object.create(null),
    runInNewContext('({ flag: true })'),
    runInNewContext('({})'),
  ]) {
    expect(check(value)).not.toThrow();
    expect(check({ data: value })).not.toThrow();
  }
});

it('names an unknown key, the call and the known keys', () => {
  const expected = {
    name: 'ArgumentError',
    code: 'FASTDFS_ARGUMENT',
    message:
      'Unknown option `flga` of test(); known options: flag, text, call, data, at, signal, count, mode',
  };
  expect(check({ flga: true })).toThrow(expect.objectContaining(expected));
  expect(check({ flga: undefined })).toThrow(expect.objectContaining(expected));
  expect(check({ toString: 1 })).toThrow(/Unknown option `toString`/);
});

it.each<[string, unknown, string]>([
  ['flag', 'yes', 'Option `flag` of test() must be a boolean, not "yes"'],
  ['flag', null, 'Option `flag` of test() must be a boolean, not null'],
  ['text', 7, 'Option `text` of test() must be a string, not 7'],
  ['call', {}, 'Option `call` of test() must be a function, not Object'],
  ['data', [], 'Option `data` of test() must be an object, not an array'],
  ['at', new Date('x'), 'Option `at` of test() must be a valid Date, not Date'],
  ['signal', new AbortController(), 'Option `signal` of test() must be an AbortSignal, not AbortController'],
  ['count', 0, 'Option `count` of test() must be an integer from 1 to 9, not 0'],
  ['count', 1.5, 'Option `count` of test() must be an integer from 1 to 9, not 1.5'],
  ['count', '3', 'Option `count` of test() must be an integer from 1 to 9, not "3"'],
  ['count', 3n, 'Option `count` of test() must be an integer from 1 to 9, not 3'],
  ['mode', 'three', "Option `mode` of test() must be one of 'one', 'two', false, not \"three\""],
  ['text', () => 1, 'Option `text` of test() must be a string, not a function'],
  [
    'count',
    'x'.repeat(99),
    `Option \`count\` of test() must be an integer from 1 to 9, not "${'x'.repeat(40)}..."`,
  ],
])('refuses %s: %o', (key, value, message) => {
  expect(check({ [key]: value })).toThrow(expect.objectContaining({ code: 'FASTDFS_ARGUMENT', message }));
});

it.each([null, 'text', 7, ['a'], () => undefined])('refuses %o as options', (options) => {
  expect(check(options)).toThrow(/The options of test\(\) must be an object/);
});

it('checks a number that is an argument of its own', () => {
  expect(checkCount('size', 3, 0, 3)).toBe(3);
  expect(() => checkCount('size', 4, 0, 3)).toThrow('`size` must be an integer from 0 to 3, not 4');
});
