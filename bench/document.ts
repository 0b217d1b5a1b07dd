/**
 * `npm run bench:document FILE`: puts the figures of a run, which `BENCH_JSON=FILE npm run bench` has written, into the table of
 * `docs/measured.md` and of its Chinese counterpart.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { C_CLIENT, FLOOR_ASKING, OURS } from './contenders/index.js';
import { FDFS_SERVE, FDFS_STORAGE, MEMORY_STORAGE, STATIC } from './http/contenders.js';
import type { Figures, Row } from './report.js';
import { STREAMS } from './streams/scenario.js';

export interface Run {
  settings: { node: string; rounds: number; largeMiB: number; embedded: boolean };
  rows: Row[];
}

type Language = 'en' | 'zh';

const PAGES: Readonly<Record<Language, string>> = { en: 'docs/measured.md', zh: 'docs/zh/measured.md' };
const BEGIN = '<!-- figures of npm run bench -->';
const END = '<!-- end of the figures -->';

/** One line of the table: who is compared in its columns, and what of their figures is shown. */
interface Line {
  scenario: string;
  en: string;
  zh: string;
  /** This package, the bare socket, the C client, what is usual without FastDFS. */
  contenders: readonly [own: string, floor?: string, cClient?: string, usual?: string];
  show: (figures: Figures) => string;
}

const CLIENTS = [OURS, FLOOR_ASKING, C_CLIENT] as const;
const perSecond = (unit: string) => (figures: Figures) => `${group(figures[unit]!)}/s`;
const rate = (figures: Figures) => `${group(figures['MiB/s']!)} MiB/s`;
const each = (figures: Figures) =>
  `${figures['s each']!.toFixed(3)} s, ${group(figures['MiB peak RSS']!)} MiB`;
const perStream = (figures: Figures) => `${Math.round(figures['KiB a stream above 100 MiB']!)} KiB`;

function lines(largeMiB: number): Line[] {
  const large = largeMiB % 1024 === 0 ? `${largeMiB / 1024} GiB` : `${largeMiB} MiB`;
  const streams = group(STREAMS);
  const client = { contenders: CLIENTS };
  return [
    {
      scenario: 'upload-small',
      en: 'upload 4 KiB, 16 at once',
      zh: '上传 4 KiB，16 路并发',
      ...client,
      show: perSecond('op/s'),
    },
    {
      scenario: 'download-small',
      en: 'download 4 KiB, 16 at once',
      zh: '下载 4 KiB，16 路并发',
      ...client,
      show: perSecond('op/s'),
    },
    {
      scenario: 'upload-cold',
      en: 'upload: the first 2,000 of a process',
      zh: '上传：进程的前 2,000 次',
      ...client,
      show: perSecond('op/s'),
    },
    {
      scenario: 'download-cold',
      en: 'download: the first 2,000 of a process',
      zh: '下载：进程的前 2,000 次',
      ...client,
      show: perSecond('op/s'),
    },
    {
      scenario: 'upload-file',
      en: `upload ${large} from a file`,
      zh: `上传 ${large} 文件`,
      ...client,
      show: rate,
    },
    {
      scenario: 'upload-unknown',
      en: `upload ${large} of unknown length`,
      zh: `上传 ${large}，长度未知`,
      contenders: [OURS],
      show: rate,
    },
    {
      scenario: 'download-file',
      en: `download ${large} to a file`,
      zh: `下载 ${large} 到文件`,
      ...client,
      show: rate,
    },
    {
      scenario: 'download-consumed',
      en: `download ${large}, consumed`,
      zh: `下载 ${large}，只消费`,
      ...client,
      show: rate,
    },
    {
      scenario: 'multer-small',
      en: 'form with 64 KiB, 16 at once',
      zh: '64 KiB 的表单，16 路并发',
      contenders: [FDFS_STORAGE, undefined, undefined, MEMORY_STORAGE],
      show: perSecond('req/s'),
    },
    {
      scenario: 'multer-large',
      en: 'form with 100 MiB: time, memory',
      zh: '100 MiB 的表单：时间、内存',
      contenders: [FDFS_STORAGE, undefined, undefined, MEMORY_STORAGE],
      show: each,
    },
    {
      scenario: 'serve-small',
      en: 'GET of 64 KiB, 16 at once',
      zh: 'GET 64 KiB，16 路并发',
      contenders: [FDFS_SERVE, undefined, undefined, STATIC],
      show: perSecond('req/s'),
    },
    {
      scenario: 'serve-large',
      en: 'GET of 100 MiB: time, memory',
      zh: 'GET 100 MiB：时间、内存',
      contenders: [FDFS_SERVE, undefined, undefined, STATIC],
      show: each,
    },
    {
      scenario: 'streams-upload',
      en: `each of ${streams} uploads held half-way, above 100 MiB in all`,
      zh: `${streams} 个停在半路的上传，每个（总共超出 100 MiB 的部分）`,
      contenders: [OURS],
      show: perStream,
    },
    {
      scenario: 'streams-download',
      en: `each of ${streams} downloads held half-way, above 100 MiB in all`,
      zh: `${streams} 个停在半路的下载，每个（总共超出 100 MiB 的部分）`,
      contenders: [OURS],
      show: perStream,
    },
    {
      scenario: 'import',
      en: 'import of the package',
      zh: '导入本包',
      contenders: [OURS],
      show: (figures) => `${Math.round(figures['ms to import']!)} ms`,
    },
  ];
}

/** With commas between the thousands. */
function group(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

const HEADS: Readonly<Record<Language, readonly string[]>> = {
  en: ['', 'fastdfs-streams', 'bare socket', 'C client', 'without FastDFS'],
  zh: ['', 'fastdfs-streams', '裸 socket', 'C 客户端', '不用 FastDFS'],
};

/** Returns the table of a run, below a line that says what was measured. Lines that were not measured are left out. */
export function tableOf({ settings, rows }: Run, language: Language, version: string): string {
  const find = (scenario: string, contender: string | undefined) =>
    rows.find((row) => row.scenario === scenario && row.contender === contender && !row.failed);
  const measured = lines(settings.largeMiB)
    .filter(({ scenario, contenders: [own] }) => find(scenario, own))
    .map((line) => [
      line[language],
      ...[0, 1, 2, 3].map((column) => {
        const row = find(line.scenario, line.contenders[column]);
        return row ? line.show(row.figures) : '';
      }),
    ]);
  const server = settings.embedded ? { en: ', embedded server', zh: '，内嵌服务器' }[language] : '';
  const head = {
    en: `Version ${version}, Node ${settings.node}, medians of ${settings.rounds} rounds${server}:`,
    zh: `${version} 版，Node ${settings.node}，${settings.rounds} 轮取中位数${server}：`,
  };
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    head[language],
    '',
    row(HEADS[language]),
    '| --- | ---: | ---: | ---: | ---: |',
    ...measured.map(row),
  ].join('\n');
}

/** Puts a table between the marks of a page. */
export function replaceTable(page: string, table: string): string {
  const [before, rest = ''] = page.split(BEGIN);
  const [, after] = rest.split(END);
  if (after === undefined) throw new Error(`The page has no ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

const [, program = '', file] = process.argv;
if (/document\.(js|ts)$/.test(program)) {
  if (file === undefined) throw new Error('Pass the file that BENCH_JSON named');
  const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  for (const language of ['en', 'zh'] as const) {
    const page = readFileSync(PAGES[language], 'utf8');
    writeFileSync(PAGES[language], replaceTable(page, tableOf(run, language, version)));
  }
}
