/** Unfinished uploads in the order in which they were made, kept in an index, so that those that were given up can be removed. */
import { parseFileId } from '../../core/model/file-id.js';
import type { KeyIndex } from '../indexes/contract.js';

const PREFIX = 'tus-upload/';
const PAGE = 100;

export class UnfinishedUploads {
  readonly #index: KeyIndex;

  constructor(index: KeyIndex) {
    this.#index = index;
  }

  async add(fileId: string): Promise<void> {
    await this.#index.swap(keyFor(fileId), undefined, fileId);
  }

  /** @returns whether it was there: of several that remove an upload one gets true */
  async remove(fileId: string): Promise<boolean> {
    return await this.#index.swap(keyFor(fileId), fileId, undefined);
  }

  /** Yields the files of uploads that were made before a time, in milliseconds since 1970, from the oldest on. */
  async *listBefore(time: number): AsyncGenerator<string> {
    let after: string | undefined;
    for (;;) {
      const keys = await this.#index.keys(PREFIX, { after, limit: PAGE });
      for (const key of keys) {
        const [, made = '', ...rest] = key.split('/');
        if (Date.parse(made) >= time) return;
        yield rest.join('/');
      }
      if (keys.length < PAGE) return;
      after = keys.at(-1);
    }
  }
}

/** The id of a file has the second in which it was made. */
function keyFor(fileId: string): string {
  return `${PREFIX}${parseFileId(fileId).createdAt.toISOString()}/${fileId}`;
}
