/** The public API as text, one report for each entry point, made from the declarations that users get. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import manifest from '../../package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

export interface ApiReport {
  /** As it is imported: `fastdfs-streams/multer`. */
  readonly name: string;
  /** File name of the report: `multer`. */
  readonly file: string;
  readonly text: string;
  /** Types that the entry point's declarations name, and that it does not export. */
  readonly unexported: readonly string[];
}

/** The entry points with declarations, and where these lie below `dist`. */
export const ENTRIES = Object.entries(manifest.exports).flatMap(([key, entry]) =>
  typeof entry === 'string' ? [] : [{ key, types: entry.types.replace('./dist/', '') }],
);

/** Emits the declarations and reads them. They lie inside the checkout, where the types of Node are found. */
export async function apiReports(): Promise<ApiReport[]> {
  await mkdir(path.join(ROOT, 'build'), { recursive: true });
  const folder = await mkdtemp(path.join(ROOT, 'build/api-report-'));
  try {
    const emit = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--declarationDir', folder];
    await promisify(execFile)(process.execPath, [TSC, ...emit], { cwd: ROOT });
    const files = ENTRIES.map(({ types }) => path.join(folder, types));
    const configs = ENTRIES.map(({ types }) => configure(folder, path.join(folder, types), files));
    const compilerState = CompilerState.create(configs[0]!, { additionalEntryPoints: files });
    const reports: ApiReport[] = [];
    for (const [index, { key }] of ENTRIES.entries()) {
      const unexported: string[] = [];
      Extractor.invoke(configs[index]!, {
        compilerState,
        localBuild: true,
        messageCallback(message) {
          message.handled = true;
          if (message.messageId === 'ae-forgotten-export') unexported.push(/"(.+?)"/.exec(message.text)![1]!);
        },
      });
      const text = await readFile(path.join(folder, 'report/report.public.api.md'), 'utf8');
      const name = path.posix.join('fastdfs-streams', key);
      reports.push({
        name,
        file: key === '.' ? 'index' : path.basename(key),
        text: tidy(name, text),
        unexported,
      });
    }
    return reports;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function configure(folder: string, entry: string, files: readonly string[]): ExtractorConfig {
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  return ExtractorConfig.prepare({
    packageJsonFullPath: path.join(ROOT, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable', 'dom.asynciterable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files,
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: 'report',
        // Without what is tagged @internal: constructors that take internals, and what only Node calls.
        reportVariants: ['public'],
        reportFolder: path.join(folder, 'unused'),
        reportTempFolder: path.join(folder, 'report'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: silent,
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
      },
    },
  });
}

/** The declarations alone, and of the imports those that they use: the rest belongs to what is not public. */
function tidy(name: string, report: string): string {
  const code = /```ts\n([\s\S]*)```/.exec(report)![1]!;
  const [imports, body] = code.split(/\n\n(?=\/\/ @)/, 1).concat(code.slice(code.search(/^\/\/ @/m)));
  const used = imports!.split('\n').filter((line) => {
    const local = /(\w+) \} from/.exec(line)?.[1];
    return local !== undefined && new RegExp(`\\b${local}\\b`).test(body!);
  });
  const end = body!.replace(/\n\/\/ \(No @packageDocumentation[^\n]*\n+$/, '').trimEnd();
  return `# ${name}\n\n\`\`\`ts\n${used.length > 0 ? `${used.join('\n')}\n\n` : ''}${end}\n\`\`\`\n`;
}
