/** Copies into a directory: each file under the name that it has in the cluster, metadata as JSON beside it. */
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastDFSClient } from '../../client.js';
import { ContentCrc } from '../../core/files/content-crc.js';
import { createMismatch, type SourceFile } from './content.js';
import type { CopyTarget } from './target.js';

/** Files under way; emptied at the start of each run. */
const UNFINISHED = '.fdfs-mirror';
/** Written in one go; larger files are written as they come. */
const MAX_IN_MEMORY = 256 * 1024;

export class DirectoryTarget implements CopyTarget {
  readonly #source: FastDFSClient;
  readonly #directory: string;
  readonly #unfinished: string;
  #count = 0;

  constructor(source: FastDFSClient, directory: string) {
    this.#source = source;
    this.#directory = directory;
    this.#unfinished = path.join(directory, UNFINISHED);
  }

  async prepare(): Promise<void> {
    await rm(this.#unfinished, { recursive: true, force: true });
    await mkdir(this.#unfinished, { recursive: true });
  }

  /** Renamed when it is whole: a copy under its own name is never half a file. */
  async copy(source: SourceFile, _parent: unknown, signal: AbortSignal): Promise<string> {
    const { fileId } = source.file;
    const temporary = path.join(this.#unfinished, String(++this.#count));
    const target = path.join(this.#directory, fileId);
    try {
      await this.#download(source, temporary, signal);
      if (source.metadata) {
        await writeFile(`${temporary}.json`, `${JSON.stringify(source.metadata)}\n`);
        await place(`${temporary}.json`, `${target}-m.json`);
      }
      await place(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return fileId;
  }

  /** Ordinary files are compared with their id as they come; of others it does not say what they are. */
  async #download(source: SourceFile, temporary: string, signal: AbortSignal): Promise<void> {
    const { fileId, kind } = source.file;
    if (kind === 'normal' && source.size <= MAX_IN_MEMORY) {
      await writeFile(temporary, await this.#source.download(fileId, { signal }));
      return;
    }
    await this.#source.downloadFile(fileId, temporary, { signal });
    if (kind !== 'normal') await checkContent(temporary, source);
  }

  async update(_to: string, source: SourceFile, signal: AbortSignal): Promise<void> {
    await this.copy(source, undefined, signal);
  }

  async close(): Promise<void> {
    await rm(this.#unfinished, { recursive: true, force: true });
  }
}

/** Makes the folder where it is missing: for most files it is there. */
async function place(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(path.dirname(target), { recursive: true });
    await rename(temporary, target);
  }
}

/** @throws ProtocolError when the copy differs: the file was changed meanwhile */
async function checkContent(file: string, source: SourceFile): Promise<void> {
  let size = 0;
  const sum = new ContentCrc(false);
  for await (const chunk of createReadStream(file)) {
    size += chunk.length;
    sum.add(chunk as Buffer);
  }
  if (size === source.size && sum.matches(source.crc32)) return;
  throw createMismatch(source, size, sum.value);
}
