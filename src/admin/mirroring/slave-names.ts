/** The parts of a slave's name, so that a copy of its master can have the same slave. */
import { EXT_BYTES, PREFIX_BYTES } from '../../core/model/limits.js';

export interface SlaveName {
  readonly prefix: string;
  readonly ext: string;
}

const TAIL_CHARS = 7;

/** Returns a master's or slave's id without its extension. */
function removeExtension(fileId: string, isMaster: boolean): string {
  const dot = isMaster ? fileId.indexOf('.', fileId.length - TAIL_CHARS) : fileId.lastIndexOf('.');
  return dot < 0 || dot < fileId.lastIndexOf('/') ? fileId : fileId.slice(0, dot);
}

/**
 * Splits what a slave's id has beyond its master's. Any split that gives the same name is right.
 * @param parent its master, or a slave that it is a slave of
 * @returns undefined where it could not be uploaded as a slave of this file
 */
export function splitSlaveName(slave: string, parent: string, isMaster: boolean): SlaveName | undefined {
  const base = removeExtension(parent, isMaster);
  if (!slave.startsWith(base)) return undefined;
  const suffix = slave.slice(base.length);
  for (let dot = suffix.lastIndexOf('.'); dot > 0; dot = suffix.lastIndexOf('.', dot - 1)) {
    const ext = suffix.slice(dot + 1);
    if (ext.length > EXT_BYTES) break;
    if (ext !== '' && dot <= PREFIX_BYTES) return { prefix: suffix.slice(0, dot), ext };
  }
  if (suffix !== '' && suffix.length <= PREFIX_BYTES) return { prefix: suffix, ext: '' };
  return undefined;
}
