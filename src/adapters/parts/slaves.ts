/** Stores a part together with its slaves, whatever its content is: all or none. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import type { FastDFSClient } from '../../client.js';
import { onAbort } from '../../core/base/abort.js';
import type { FileSettings } from '../shared/form-options.js';
import { PartReader } from '../shared/part-reader.js';
import { planSlaves, storeWithSlaves } from '../shared/slaves.js';
import { removeStored, type StoredContent, storePart, withCheckedContent } from '../shared/store-part.js';
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
  { part, content, slaves, settings: given }: MasterPart,
): Promise<StoredPart> {
  const controller = new AbortController();
  const { signal } = controller;
  const fail = (reason: unknown) => controller.abort(reason);
  const release = onAbort(given.upload.signal, fail);
  const settings = { ...given, upload: { ...given.upload, signal } };
  const source = openContent(content);
  const reader = PartReader.open(source, { signal });
  const stored: StoredPart[] = [];
  const add = async (one: StoredContent) => {
    const info = describe(one);
    stored.push(info);
    return info;
  };
  try {
    const evaluate = (option: unknown) => (typeof option === 'function' ? option(part) : option);
    const plans = await planSlaves(slaves, evaluate, signal);
    // Several streams are piped to: a chunk that is no content would be an exception out of the pipe.
    const checked = withCheckedContent(reader);
    if (plans.length === 0) return { ...describe(await storePart(client, checked, settings)), slaves: {} };
    const run = { client, part: checked, transforms: [], plans, settings, signal, fail, add };
    const info = await storeWithSlaves(run);
    signal.throwIfAborted();
    return info;
  } catch (error) {
    fail(error);
    throw await removeStored(client, stored.flatMap(findFileIds), error);
  } finally {
    release();
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

export function describe({ result, contentType }: StoredContent): StoredPart {
  return contentType === undefined ? result : { ...result, contentType };
}

/** The ids of a file and of its slaves, which go first. */
export function findFileIds({ fileId, slaves = {} }: StoredPart): string[] {
  return [...Object.values(slaves).map((slave) => slave.fileId), fileId];
}
