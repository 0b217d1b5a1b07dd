/** Turns the options of an upload into where and how its content goes. */
import path from 'node:path';
import { ArgumentError } from '../../core/base/errors.js';
import type { Engine } from '../../core/cluster/engine.js';
import { parseFileId } from '../../core/model/file-id.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension, checkGroup, checkSlave, deriveSafeExtension } from '../../core/model/names.js';
import { AppendedUpload } from './appended-upload.js';
import { createFile, createSlave, type Destination } from './destination.js';
import { checkUploadOptions, type UploadOptions } from './options.js';
import type { UploadEvents, UploadSession } from './session.js';
import { SizedUpload } from './sized-upload.js';
import { SpooledUpload } from './spooled-upload.js';

/** A slave belongs to a master and gets its name from it. */
export interface SlaveTarget {
  master: string;
  prefix: string;
}

export interface UploadPlan {
  readonly metadata: Metadata | undefined;
  readonly verify: boolean;
  /** Starts the upload of content that arrives piece by piece. Sends nothing yet. */
  start(events: UploadEvents): UploadSession;
  /** For content in memory. */
  destination(signal: AbortSignal | undefined): Destination;
}

const DEFAULT_BLOCK_BYTES = 1024 * 1024;

/** @throws ArgumentError naming the option; nothing has been sent by then */
export function planUpload(engine: Engine, options: UploadOptions, slave?: SlaveTarget): UploadPlan {
  checkUploadOptions(options);
  const { size, whenSizeUnknown = 'spool', finalize = false, appender = false } = options;
  const blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES;
  if (slave && appender) throw new ArgumentError('`appender`: a slave file cannot be an appender file');
  const metadata = resolveMetadata(options);
  const ext = resolveExtension(options, slave);
  const group = options.group === undefined ? engine.options.group : checkGroup(options.group);
  if (slave) checkSlave(parseFileId(slave.master).remoteFilename, slave.prefix, ext);

  const destination = (signal: AbortSignal | undefined, asAppender = appender): Destination =>
    slave
      ? createSlave(engine, { ...slave, ext }, { signal, fileId: slave.master })
      : createFile(engine, { group, ext, appender: asAppender }, { signal });
  return {
    metadata,
    verify: options.verify ?? true,
    destination,
    start(events) {
      const search = new AbortController();
      const plain = destination(search.signal);
      if (size !== undefined) return new SizedUpload(engine, plain, size, search, events);
      if (whenSizeUnknown === 'stream' && !slave) {
        const streamed = { blockBytes, finalize: appender ? (false as const) : finalize };
        return new AppendedUpload(engine, plain, destination(search.signal, true), streamed, search, events);
      }
      const memoryBytes = whenSizeUnknown === 'memory' ? Number.POSITIVE_INFINITY : blockBytes;
      return new SpooledUpload(engine, plain, memoryBytes, search, events);
    },
  };
}

function resolveMetadata({ metadata, filename, keepFilename }: UploadOptions): Metadata | undefined {
  const kept = keepFilename && filename !== undefined ? { filename: path.basename(filename) } : undefined;
  if (!metadata && !kept) return undefined;
  const all = { ...kept, ...metadata };
  encodeMetadata(all);
  return all;
}

function resolveExtension({ ext, filename }: UploadOptions, slave: SlaveTarget | undefined): string {
  if (ext !== undefined) return checkExtension(ext);
  if (filename !== undefined) return deriveSafeExtension(filename);
  return slave ? parseFileId(slave.master).extension : '';
}
