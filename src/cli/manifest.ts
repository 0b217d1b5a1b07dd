/** Manifests: which file is under which id. One JSON document on each line, so that a run that was killed leaves a valid one. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { UsageError } from './exit.js';

export interface ManifestEntry {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly fileId: string;
  readonly size: number;
  /** Of ordinary files. */
  readonly crc32?: number;
  /** When the local file was changed last, in milliseconds since 1970. */
  readonly mtimeMs?: number;
}

/** @throws UsageError naming the line that is not an entry */
export async function readManifest(file: string): Promise<ManifestEntry[]> {
  const text = await readFile(file, 'utf8');
  const entries = new Map<string, ManifestEntry>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = readEntry(line);
    // A line without its end was being written when the program was killed.
    if (entry === undefined && index === text.split('\n').length - 1) continue;
    if (entry === undefined) {
      throw new UsageError('{file}:{line}: not a JSON document with path and fileId', {
        file,
        line: index + 1,
      });
    }
    // The last upload of a path counts.
    entries.set(entry.path, entry);
  }
  return [...entries.values()];
}

function readEntry(line: string): ManifestEntry | undefined {
  try {
    const entry = JSON.parse(line) as ManifestEntry;
    return typeof entry?.path === 'string' && typeof entry.fileId === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Adds entries to a manifest, each as soon as its file is stored. */
export class ManifestWriter implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<ManifestWriter> {
    const file = await open(path, 'a+');
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    if (size > 0 && last.toString() !== '\n') await file.write('\n');
    return new ManifestWriter(file);
  }

  async add(entry: ManifestEntry): Promise<void> {
    await this.#file.write(`${JSON.stringify(entry)}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
