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
      await this.#source.downloadFile(fileId, temporary, { signal });
      await checkContent(temporary, source);
      await mkdir(path.dirname(target), { recursive: true });
      if (source.metadata) {
        await writeFile(`${temporary}.json`, `${JSON.stringify(source.metadata)}\n`);
        await rename(`${temporary}.json`, `${target}-m.json`);
      }
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    return fileId;
  }

  async update(_to: string, source: SourceFile, signal: AbortSignal): Promise<void> {
    await this.copy(source, undefined, signal);
  }

  async close(): Promise<void> {
    await rm(this.#unfinished, { recursive: true, force: true });
  }
}

/** @throws ProtocolError when the copy differs: the file was changed meanwhile, or a disk is bad */
async function checkContent(file: string, source: SourceFile): Promise<void> {
  let size = 0;
  const sum = new ContentCrc(true);
  for await (const chunk of createReadStream(file)) {
    size += chunk.length;
    sum.add(chunk as Buffer);
  }
  if (size === source.size && sum.matches(source.crc32)) return;
  throw createMismatch(source, size, sum.value);
}
