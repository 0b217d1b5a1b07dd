/** What a mirror copies to. */
import type { SourceFile } from './content.js';
import type { StartedUpload } from './id-map.js';

/** The copy that a slave belongs to. */
export interface ParentCopy {
  readonly to: string;
  readonly prefix: string;
  readonly ext: string;
}

export interface CopyTarget {
  /**
   * Finds what earlier runs have uploaded and not written down.
   * @param isMapped returns whether a copy stands in the map
   * @returns copies by source id
   */
  recover?(
    started: ReadonlyMap<string, StartedUpload>,
    removeMapped: (candidates: Map<string, unknown>) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Map<string, string>>;
  prepare(): Promise<void>;
  /** Copies a file and its metadata; returns what the map says of it. */
  copy(source: SourceFile, parent: ParentCopy | undefined, signal: AbortSignal): Promise<string>;
  /** Brings the copy of an appender file up to date. */
  update(to: string, source: SourceFile, signal: AbortSignal): Promise<void>;
  /** Completes a copy that {@link recover} has found. */
  adopt?(to: string, source: SourceFile, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
