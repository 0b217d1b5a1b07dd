/** Stores a part together with its slaves, whatever its content is: all or none. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { FastDFSClient } from '../../client.js';
import type { FileSettings } from '../shared/form-options.js';
import { storeMaster } from '../shared/slaves.js';
import type { FormPart, PartContent } from './part.js';
import type { PartSlaves, StoredPart } from './types.js';

interface MasterPart {
  readonly part: FormPart;
  readonly content: PartContent['content'];
  readonly slaves: PartSlaves;
  readonly settings: FileSettings;
}

/** When it rejects, nothing of the part remains. */
export async function storeWithItsSlaves(
  client: FastDFSClient,
  { part, content, slaves, settings }: MasterPart,
): Promise<StoredPart> {
  const source = openContent(content);
  const evaluate = (option: unknown) => (typeof option === 'function' ? option(part) : option);
  try {
    return await storeMaster(client, { source, slaves, evaluate, settings });
  } finally {
    if (source !== content) source.destroy();
  }
}

/** The streams that are made here are closed here; those of a form are its own. */
function openContent(content: PartContent['content']): Readable {
  if (content instanceof Readable) return content;
  if (content instanceof Uint8Array) return Readable.from([content], { objectMode: false });
  if (content instanceof Blob) return Readable.fromWeb(content.stream() as NodeReadableStream);
  return createReadStream(content.path);
}
