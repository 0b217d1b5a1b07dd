/** Help and messages in Chinese: complete, without English left over, and only for those who ask for it. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CHINESE, wrapChinese } from '../../src/cli/chinese/chinese.js';
import { BELOW, DESCRIPTIONS, PLACEHOLDERS, TITLES } from '../../src/cli/chinese/help.js';
import { MESSAGES } from '../../src/cli/chinese/messages.js';
import { SENTENCES } from '../../src/cli/chinese/sentences.js';
import { describeError, explain, UsageError } from '../../src/cli/exit.js';
import { chooseLanguage, isChinese, localize } from '../../src/cli/language.js';
import { createProgram } from '../../src/cli/program.js';
import { stringWidth } from '../../src/cli/text.js';
import { NetworkError } from '../../src/index.js';
import { type CliServer, cliServer, runFdfs } from './harness.js';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const ZH = { FDFS_LANG: 'zh' };

afterEach(async () => await chooseLanguage([], {}));

function read(folder: string): string {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('chinese'))
    .map((file) => readFileSync(path.join(root, folder, file), 'utf8'))
    .join('\n');
}

const partsOf = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();

async function inChinese(): Promise<Command[]> {
  await chooseLanguage(['--lang', 'zh'], {});
  return allCommands(createProgram(async () => undefined));
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/** What `--help` prints, without a process. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (piece) => (text += piece), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

/** Words in Latin letters that Chinese users write, too: names, formats, values of options, what is typed. */
const PROPER = new Set(
  (
    'fdfs FastDFS client conf JSON ID IP URL Web HTTP GET Redis redis PostgreSQL postgres LevelDB blob store trunk tracker storage ' +
    'keepKey rename copy token token_ttl metadata filename etc Ctrl C D h d M group1 ms bytes health doctor example files com ' +
    'FDFS_CONF FDFS_TRACKERS FDFS_MAP FDFS_LANG FDFS_BASE_URL FDFS_CONSOLE_AUTH map_address M00 en zh shell normal appender slave ' +
    'with-master separate bash zsh fish bashrc zshrc compinit eval completion config completions'
  ).split(' '),
);

/** English words that are neither options, nor names of commands, nor proper names. */
function englishLeft(text: string, commands: ReadonlySet<string>): string[] {
  const plain = text.replace(/示例：[\s\S]*$/, '').replace(/(?<![\w-])-{1,2}[a-zA-Z][\w-]*/g, '');
  return (plain.match(/[A-Za-z][A-Za-z0-9_-]+/g) ?? []).filter(
    (word) => !PROPER.has(word) && !commands.has(word) && !/^(x200|Ctrl-C)$/.test(word),
  );
}

describe('the language', () => {
  it.each([
    [[], {}, false],
    [[], { LANG: 'en_US.UTF-8' }, false],
    [[], { LANG: 'zh_CN.UTF-8' }, true],
    [[], { LC_ALL: 'zh', LANG: 'C' }, true],
    [[], { LC_ALL: 'C', LANG: 'zh_CN' }, false],
    [[], { LC_ALL: '', LC_MESSAGES: 'zh_TW.UTF-8' }, true],
    [[], { FDFS_LANG: 'en', LANG: 'zh_CN' }, false],
    [[], { FDFS_LANG: 'zh-CN' }, true],
    [['ls', '--lang', 'zh'], { FDFS_LANG: 'en' }, true],
    [['--lang=en', 'ls'], { LANG: 'zh_CN' }, false],
    [['upload', '--', '--lang', 'zh'], {}, false],
    [[], { LANG: 'zha_XX' }, false],
  ])('of %j and %j: Chinese is %s', (args, env, expected) => expect(isChinese(args, env)).toBe(expected));

  it('is chosen by an option that all commands have', async () => {
    expect((await runFdfs(['ls', '--help', '--lang', 'zh'])).stdout).toContain('用法: fdfs ls');
    expect((await runFdfs(['ls', '--help'], { env: { LANG: 'zh_CN.UTF-8' } })).stdout).toContain('用法:');
    expect((await runFdfs(['ls', '--help', '--lang', 'en'], { env: ZH })).stdout).toContain('Usage: fdfs ls');
    expect(await runFdfs(['ls', '--lang', 'de'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are en, zh.'),
    });
  });

  it('costs those nothing who do not ask for it: the Chinese texts are imported in one place, when needed', () => {
    const imports = read('cli').match(/^.*chinese\/.*$/gm) ?? [];
    expect(imports.filter((line) => !/^import type |^ \*/.test(line))).toEqual([
      expect.stringContaining("(await import('./chinese/chinese.js')).CHINESE"),
    ]);
  });
});

describe('help', () => {
  it('has a Chinese text for every command, argument and option, and no text of another', async () => {
    const commands = allCommands(createProgram(async () => undefined));
    const described = commands.flatMap((command) => [
      command.description(),
      ...command.options.map(({ description }) => description),
      ...command.registeredArguments.map(({ description }) => description),
    ]);
    const used = new Set([...described.filter((text) => text !== ''), 'display help for command']);
    expect([...used].filter((text) => !(text in DESCRIPTIONS))).toEqual([]);
    expect(Object.keys(DESCRIPTIONS).filter((text) => !used.has(text))).toEqual([]);
    const english = commands.map(helpOf).join('\n');
    expect(Object.keys(BELOW).filter((text) => !english.includes(text))).toEqual([]);
    expect(Object.keys(TITLES).filter((text) => !english.includes(text))).toEqual([]);
    expect(Object.keys(PLACEHOLDERS).filter((name) => !english.includes(name))).toEqual([]);
  });

  it('has no English left but proper names, in no command', async () => {
    const commands = await inChinese();
    const names = new Set(commands.map((command) => command.name()));
    const left = commands.flatMap((command) =>
      englishLeft(helpOf(command), new Set([...names, 'help'])).map((word) => `${command.name()}: ${word}`),
    );
    expect([...new Set(left)]).toEqual([]);
    expect(commands.length).toBeGreaterThan(30);
  });

  it('is aligned and fits the terminal', async () => {
    const [program] = await inChinese();
    const lines = helpOf(program!).split('\n');
    const descriptions = lines.filter((line) => /^ {2}(-|\w)/.test(line));
    const starts = descriptions
      .slice(0, 8)
      .map((line) => stringWidth(/^ {2}(\S+ )*? {2,}|^ {2}.*? {2,}/.exec(line)![0]));
    expect(new Set(starts).size).toBe(1);
    expect(wrapChinese('从标准输入读取，每行一个（-：标准输入）', 15)).toBe(
      '从标准输入读\n取，每行一个\n（-：标准输入）',
    );
    for (const line of wrapChinese('与 --recursive 一起使用时：一个文件夹'.repeat(3), 20).split('\n')) {
      expect(stringWidth(line)).toBeLessThanOrEqual(20);
      expect(line).not.toMatch(/^[，。；：）]/);
    }
  });
});

describe('messages', () => {
  it('are all used, and their parts are the same in both languages', () => {
    const code = read('cli');
    const unused = Object.keys(MESSAGES).filter(
      (text) => !code.includes(`'${text}'`) && !code.includes(`"${text}"`) && !code.includes(`'${text}',`),
    );
    // Words that a record of the library has, passed on as they stand there.
    const passedOn = [
      'ok',
      'degraded',
      'down',
      'both',
      'read',
      'write',
      'none',
      'normal',
      'appender',
      'slave',
    ];
    expect(unused.filter((text) => !passedOn.includes(text))).toEqual([]);
    for (const [english, chinese] of [...Object.entries(MESSAGES), ...Object.entries(SENTENCES)]) {
      expect(partsOf(chinese), english).toEqual(partsOf(english));
      if (/[a-z]{3}/.test(english.replace(/\{\w+\}/g, ''))) expect(chinese).toMatch(/[\u4e00-\u9fff]/);
    }
  });

  it.each([
    ['health and doctor find', ['health.ts', 'replica-lag.ts', 'diagnosis-advice.ts'], 20, ''],
    ['verify finds', ['verifying/judge.ts', 'verifying/verify.ts'], 5, ''],
    ['is wrong with a client.conf', ['../core/config/client-conf.ts'], 8, '/etc/fdfs/client.conf:9: '],
  ])('translate whatever %s', (_, files, least, prefix) => {
    const sources = files.map((file) => readFileSync(path.join(root, 'admin', file), 'utf8')).join('\n');
    const plain = sources.replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, '').replace(/^import .*$/gm, '');
    const code = prefix === '' ? plain : plain.match(/\bwarn\(\s*item,[\s\S]*?\);/g)!.join('\n');
    const literals = [...code.matchAll(/`((?:\$\{[^}]*\}|[^`$])*)`|'([^'\n]*)'/g)].map((match) =>
      (match[1] ?? match[2] ?? '').replace(/\$\{hint\}/, '').replace(/\$\{[^}]*\}/g, '9'),
    );
    const sentences = literals.filter((text) => /^(?!an? )[^ ]+( [^ ]+){3}/.test(text));
    expect(sentences.length).toBeGreaterThanOrEqual(least);
    const left = sentences.filter((text) => !/[\u4e00-\u9fff]/.test(CHINESE.translate(prefix + text)));
    expect(left).toEqual([]);
  });

  it.each([
    [
      'storage 10.0.0.1 of group group1 cannot be reached from here at 10.0.0.1:23000: Cannot connect (ECONNREFUSED); start it',
      '从本机无法连接组 group1 的存储服务器 10.0.0.1（10.0.0.1:23000）：Cannot connect (ECONNREFUSED)；请启动它',
    ],
    [
      'storage 100001 of group g is OFFLINE at tracker 10.0.0.9:22122; start it',
      '跟踪器 10.0.0.9:22122 认为组 g 的存储服务器 100001 的状态为 OFFLINE；请启动它',
    ],
    ['storage 100001 of group g is WAIT_SYNC', '组 g 的存储服务器 100001 的状态为 WAIT_SYNC'],
    [
      'storage 100001 of group g is 75 seconds behind the others, or idle: nothing shows that it lacks a file',
      '组 g 的存储服务器 100001 落后其他服务器 75 秒，或者只是空闲：没有迹象表明它缺少文件',
    ],
    [
      "the clock of tracker a:1 is 9 seconds or more ahead of this machine's; synchronize both (NTP): tokens in URLs and the times of files depend on it",
      '跟踪器 a:1 的时钟比本机快 9 秒或更多；请同步两者的时钟（NTP）：URL 中的 token 和文件时间都依赖它',
    ],
    ['something that no list has', 'something that no list has'],
  ])('translate a finding with what stands in it: %s', (english, chinese) =>
    expect(CHINESE.translate(english)).toBe(chinese),
  );

  it('say what an error means, before the English message that people search for', async () => {
    const error = new NetworkError('FASTDFS_CONNECT_FAILED', 'Cannot connect to x:1', { maybeApplied: true });
    expect(explain(error, CHINESE)).toBe('无法连接：Cannot connect to x:1；修改可能已经生效');
    expect(describeError(error).message).toBe(
      'Cannot connect to x:1; the change may have been made all the same',
    );
    const usage = new UsageError('{path} is not a folder; several files need one', { path: '/a{b}' });
    expect(explain(usage, CHINESE)).toBe('/a{b} 不是文件夹；下载多个文件需要一个文件夹');
    await chooseLanguage([], ZH);
    expect(localize('{count} files', { count: 3 })).toBe('3 个文件');
  });
});

describe('wrong arguments', () => {
  it.each([
    [['uplod'], '未知命令 uplod（是不是想用 upload？）'],
    [['stat', 'x', '--servr'], '未知选项 --servr（是不是想用 --server？）'],
    [['stat'], '缺少必需的参数：文件 ID（参见 --help）'],
    [
      ['groups', '--conf', 'x', '--tracker', 'y'],
      '选项 --tracker <主机:端口> 不能与 --conf <文件> 一起使用（参见 --help）',
    ],
    [['groups', '--conf'], '选项 --conf <文件> 缺少值（参见 --help）'],
    [['orphans'], '必须指定选项 --known <文件>（参见 --help）'],
    [['health', 'x'], 'health 的参数过多：最多 0 个，给出了 1 个。（参见 --help）'],
    [
      ['upload', 'x', '--size', 'y'],
      '选项 --size <字节数> 的值 y 无效。请写字节数，或 64K、10M、1.5G 的形式。（参见 --help）',
    ],
    [['completion', 'x'], '参数 shell 的值 x 无效。可选值：bash, zsh, fish。（参见 --help）'],
  ])('%j are reported in Chinese', async (args, text) => {
    const [program, ...commands] = await inChinese();
    let written = '';
    for (const each of [program!, ...commands])
      each.configureOutput({ writeErr: (piece) => (written += piece) });
    await expect(program!.parseAsync(args, { from: 'user' })).rejects.toThrow();
    expect(written).toBe(`fdfs: ${text}\n`);
  });
});

describe('the program', () => {
  let server: CliServer;
  beforeAll(async () => {
    server = await cliServer({ groups: { group1: 1 } });
  });
  afterAll(async () => await server.fdfs.stop());

  const run = async (...args: string[]) => await runFdfs(args, { env: { ...server.env, ...ZH } });

  it('reports errors and results in Chinese, and the same JSON as ever', async () => {
    const missing = await run('upload', '/no/such/file', '--json');
    expect(missing).toMatchObject({ code: 1, stderr: 'fdfs: /no/such/file：没有这个文件或文件夹\n' });
    expect(JSON.parse(missing.stdout).error.message).toBe('/no/such/file: no such file or directory');
    const { stdout: id } = await runFdfs(['upload', '-'], { env: { ...server.env, ...ZH }, input: 'hello' });
    const stat = await run('stat', id.trim());
    expect(stat.stdout).toMatch(/^文件 ID:\s+group1.*\n类型:\s+普通文件\n大小:\s+5 B\n/);
    const { stdout } = await run('monitor');
    expect(stdout).toMatch(/^集群正常 \(/);
    expect(stdout).toMatch(/^组 +存储服务器 +可读 +可写 /m);
    expect((await run('doctor')).stdout).toContain('没有问题：从本机可以连接所有服务器。');
    expect((await run('rm', 'x')).stderr).toMatch(/^fdfs: 文件 ID 无效：/);
    expect((await run('truncate', 'x', 'y')).stderr).toBe(
      'fdfs: "y" 不是字节数。请写字节数，或 64K、10M、1.5G 的形式。\n',
    );
    const [chinese, english] = await Promise.all([
      run('monitor', '--json'),
      runFdfs(['monitor', '--json'], { env: server.env }),
    ]);
    expect(Object.keys(JSON.parse(chinese.stdout))).toEqual(Object.keys(JSON.parse(english.stdout)));
    expect(chinese.stdout).not.toMatch(/[\u4e00-\u9fff]/);
  });
});
