/** Metadata of files that exist. PROTOCOL: set metadata, get metadata. */
import { isAbsent } from '../base/errors.js';
import { CALL_OPTIONS, type CallOptions, type Checks, checkOptions, enumOption } from '../base/validate.js';
import type { Engine } from '../cluster/engine.js';
import { splitFileId } from '../model/file-id.js';
import { encodeMetadata, type Metadata } from '../model/metadata.js';
import {
  getMetadata as getMetadataCommand,
  type MetadataMode,
  setMetadata as setMetadataCommand,
} from '../protocol/storage-commands.js';
import { isPresent } from './stat.js';

/** How metadata is set. */
export interface SetMetadataOptions extends CallOptions {
  /** `overwrite` replaces all of it, `merge` adds and replaces by key. Default `overwrite`. */
  mode?: MetadataMode | undefined;
}

const SET_OPTIONS: Checks<SetMetadataOptions> = { ...CALL_OPTIONS, mode: enumOption('overwrite', 'merge') };

export async function getMetadata(
  engine: Engine,
  fileId: string,
  options: CallOptions | undefined,
): Promise<Metadata> {
  checkOptions('getMetadata()', options, CALL_OPTIONS);
  return await readMetadata(engine, fileId, options);
}

export async function readMetadata(
  engine: Engine,
  fileId: string,
  options: CallOptions | undefined,
): Promise<Metadata> {
  try {
    const name = splitFileId(fileId);
    return await engine.callAtSource(name, getMetadataCommand, name, { ...options, fileId });
  } catch (error) {
    // "No metadata" and "no file" are the same answer; only the file info distinguishes them.
    if (isAbsent(error) && (await isPresent(engine, fileId, options))) return {};
    throw error;
  }
}

export async function setMetadata(
  engine: Engine,
  fileId: string,
  metadata: Metadata,
  options: SetMetadataOptions | undefined,
): Promise<void> {
  checkOptions('setMetadata()', options, SET_OPTIONS);
  const { mode = 'overwrite', signal } = options ?? {};
  encodeMetadata(metadata);
  const name = splitFileId(fileId);
  const args = { ...name, metadata, mode };
  await engine.callAtSource(name, setMetadataCommand, args, { signal, fileId });
}
