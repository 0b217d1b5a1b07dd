/** Options of parts, and what is returned of those that are stored. */
import type { Duplex } from 'node:stream';
import type { Metadata, UploadResult } from '../../index.js';
import type { FormFileOptions } from '../shared/form-options.js';
import type { FormPart } from './part.js';

/** A part that is stored. */
export interface StoredPart extends UploadResult {
  /** The option `contentType`, else what the sender says of the part; undefined without either. */
  contentType?: string;
  /** The slaves of the file by their prefixes; absent without the option `slaves`. */
  slaves?: Record<string, Omit<StoredPart, 'slaves'>>;
}

/** Options of one file: those of an upload, its content type, and its slaves. */
export interface PartOptions extends FormFileOptions {
  /**
   * Further outputs of the same content, each stored as a slave of the file under its prefix: `{ _200x200: () =>
   * sharp().resize(200, 200) }`. All are made in one pass, and stored all or none. A function that returns nothing makes no slave
   * of this file. Default: none.
   */
  slaves?: PartSlaves | undefined;
}

/** Prefixes (1 to 16 characters of A–Z a–z 0–9 . _ -) and what the content of each slave runs through. */
export type PartSlaves = Readonly<Record<string, PartTransforms | PartSlaveOptions>>;

/** Makes the streams that the content of one file runs through, in this order; nothing: no slave of this file. */
export type PartTransforms = (
  part: FormPart,
) => Duplex | Duplex[] | undefined | Promise<Duplex | Duplex[] | undefined>;

/** A slave with options of its own. */
export interface PartSlaveOptions {
  /** What the content runs through. */
  transforms: PartTransforms | PartTransforms[];
  /** Extension of the slave, at most 6 characters. Default: its master's. */
  ext?: string;
  /** Content type of the slave, or `'detect'`. Default: as for the file itself. */
  contentType?: string;
  /** Stored with the slave. Default: none. */
  metadata?: Metadata;
}
