/** Slaves of each file of a form: further outputs of the same content, e.g. thumbnails, stored beside it under its name. */
import { type Duplex, PassThrough, type Readable } from 'node:stream';
import type { FastDFSClient } from '../../client.js';
import { onAbort } from '../../core/base/abort.js';
import { ArgumentError } from '../../core/base/errors.js';
import { type Check, checkOptions, functionOption } from '../../core/base/validate.js';
import { PREFIX_BYTES } from '../../core/model/limits.js';
import type { UploadResult } from '../../index.js';
import { type CollectedContent, collectPart } from './collect-part.js';
import { detectContentType, keepContentType } from './content-type.js';
import { type FileSettings, FORM_FILE_CHECKS, type FormFileOptions } from './form-options.js';
import { PartReader } from './part-reader.js';
import { removeStored, type StoredContent, storePart, withCheckedContent } from './store-part.js';
import { type Evaluate, openTransforms, transformsOption } from './transforms.js';

const PREFIX = /^[A-Za-z0-9._-]+$/;

const SLAVE_CHECKS = {
  transforms: transformsOption,
  ext: FORM_FILE_CHECKS.ext,
  contentType: FORM_FILE_CHECKS.contentType,
  metadata: FORM_FILE_CHECKS.metadata,
};

/** Checks the option `slaves`. */
export const slavesOption: Check = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'an object of prefixes and transforms, e.g. { _200x200: () => sharp().resize(200, 200) }';
  }
  for (const [prefix, slave] of Object.entries(value)) {
    if (!PREFIX.test(prefix) || prefix.length > PREFIX_BYTES) {
      throw new ArgumentError(
        `Slave prefix ${JSON.stringify(prefix)} must have 1 to ${PREFIX_BYTES} characters of A-Z a-z 0-9 . _ -`,
      );
    }
    if (functionOption(slave) === undefined) continue;
    checkOptions<SlaveOptions>(`the slave \`${prefix}\``, slave, SLAVE_CHECKS);
    if ((slave as SlaveOptions).transforms === undefined) {
      throw new ArgumentError(`The slave \`${prefix}\` has no \`transforms\``);
    }
  }
  return undefined;
};

/** A slave with options of its own; `transforms` is evaluated for each file. */
interface SlaveOptions extends Pick<FormFileOptions, 'ext' | 'metadata' | 'contentType'> {
  transforms: unknown;
}

/** A slave of one file, before its content is there. */
export interface SlavePlan {
  readonly prefix: string;
  readonly transforms: readonly Duplex[];
  readonly options: Omit<SlaveOptions, 'transforms'>;
}

/** A slave whose content waits for its master. */
interface CollectedSlave extends SlavePlan {
  readonly content: CollectedContent;
}

/** Opens the transforms of all slaves; one whose function returns nothing is left out. */
export async function planSlaves(
  list: Readonly<Record<string, unknown>> | undefined,
  evaluate: Evaluate,
  signal: AbortSignal,
): Promise<SlavePlan[]> {
  const plans: SlavePlan[] = [];
  try {
    for (const [prefix, slave] of Object.entries(list ?? {})) {
      const { transforms: option, ...options } =
        typeof slave === 'function' ? { transforms: slave } : (slave as SlaveOptions);
      const transforms = await openTransforms(option, evaluate, signal);
      if (transforms.length > 0) plans.push({ prefix, transforms, options });
    }
    return plans;
  } catch (error) {
    for (const { transforms } of plans) for (const transform of transforms) transform.destroy();
    throw error;
  }
}

/** What a file is stored with, and with it its slaves. */
export interface SlaveRun<Info> {
  readonly client: FastDFSClient;
  readonly part: PartReader;
  /** What the file itself runs through. */
  readonly transforms: readonly Duplex[];
  readonly plans: readonly SlavePlan[];
  readonly settings: FileSettings;
  /** Aborts when one of them fails. */
  readonly signal: AbortSignal;
  /** Ends all of them: the first reason counts. */
  fail(reason: unknown): void;
  /** Called with each file that is stored, which is the caller's to remove from then on. */
  add(content: StoredContent): Promise<Info>;
}

/** Stores a file and its slaves: one pass over the content, then the slaves, whose names come from the file's. */
export async function storeWithSlaves<Info extends { fileId: string }>(
  run: SlaveRun<Info>,
): Promise<Info & { slaves: Record<string, Info> }> {
  const { client, part, transforms, plans, settings, signal, add } = run;
  // A reader of its own: the content goes to several at once.
  const chain = transforms.length > 0 ? transforms : [new PassThrough()];
  const storing = storePart(client, part.through(chain), settings).then(add);
  const collecting = plans.map((plan) => collectSlave(client, part, plan));
  try {
    const [info] = await settleAll([storing, ...collecting], run);
    const slaves = await settleAll(
      collecting.map(async (collected) => {
        const slave = await collected;
        const content = await storeSlave(client, info.fileId, slave, settings, signal);
        return [slave.prefix, await add(content)] as const;
      }),
      run,
    );
    return { ...info, slaves: Object.fromEntries(slaves) };
  } finally {
    for (const collected of collecting) {
      void collected.then(({ content }) => content.dispose()).catch(() => undefined);
    }
  }
}

/** Waits until all have ended; the first failure ends the others. */
async function settleAll<T extends readonly unknown[]>(
  work: readonly [...{ [K in keyof T]: Promise<T[K]> }],
  { fail }: Pick<SlaveRun<unknown>, 'fail'>,
): Promise<T> {
  const all = Promise.all(work) as unknown as Promise<T>;
  all.catch(fail);
  await Promise.allSettled(work);
  return await all;
}

/** Collects the content of a slave while its master is being stored. */
async function collectSlave(
  client: FastDFSClient,
  part: PartReader,
  plan: SlavePlan,
): Promise<CollectedSlave> {
  return { ...plan, content: await collectPart(client, part.through(plan.transforms)) };
}

/** Stores a slave. When it rejects, nothing of the slave remains. */
async function storeSlave(
  client: FastDFSClient,
  master: string,
  { prefix, content, options }: CollectedSlave,
  settings: FileSettings,
  signal: AbortSignal,
): Promise<StoredContent> {
  const { ext, metadata, contentType: given } = options;
  const detects = (given ?? (settings.detects ? 'detect' : undefined)) === 'detect';
  const detected = detects ? await detectContentType(content.head) : undefined;
  const contentType = detected ?? (given === 'detect' ? undefined : given) ?? settings.contentType;
  const upload = {
    ...(ext === undefined ? {} : { ext }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(settings.upload.verify === undefined ? {} : { verify: settings.upload.verify }),
  };
  const kept = keepContentType({ upload, keeps: settings.keeps }, contentType);
  const result = await client.uploadSlave(master, prefix, content.source, {
    ...kept,
    size: content.size,
    signal,
  });
  return { result, contentType };
}

/** A file of a form that is stored, as adapters describe it. */
export interface StoredFile extends UploadResult {
  contentType?: string;
  slaves?: Record<string, Omit<StoredFile, 'slaves'>>;
}

/** A file of a form that gets slaves. */
export interface MasterFile {
  readonly source: Readable;
  readonly slaves: Readonly<Record<string, unknown>>;
  readonly evaluate: Evaluate;
  readonly settings: FileSettings;
  /** Called with what fails, before anything is cleaned up. */
  onFailure?(reason: unknown): void;
}

/** Stores a file with its slaves from their options. When it rejects, nothing of them remains. */
export async function storeMaster(
  client: FastDFSClient,
  { source, slaves, evaluate, settings: given, onFailure }: MasterFile,
): Promise<StoredFile> {
  const controller = new AbortController();
  const { signal } = controller;
  const fail = (reason: unknown) => {
    controller.abort(reason);
    onFailure?.(signal.reason);
  };
  const release = onAbort(given.upload.signal, fail);
  const settings = { ...given, upload: { ...given.upload, signal } };
  const reader = PartReader.open(source, { signal });
  const stored: StoredFile[] = [];
  const add = async (content: StoredContent) => {
    const file = describeStored(content);
    stored.push(file);
    return file;
  };
  try {
    const plans = await planSlaves(slaves, evaluate, signal);
    // Several streams are piped to: a chunk that is no content would be an exception out of the pipe.
    const part = withCheckedContent(reader);
    if (plans.length === 0) return { ...(await add(await storePart(client, part, settings))), slaves: {} };
    const run = { client, part, transforms: [], plans, settings, signal, fail, add };
    const file = await storeWithSlaves(run);
    signal.throwIfAborted();
    return file;
  } catch (error) {
    fail(error);
    throw await removeStored(client, stored.flatMap(findFileIds), error);
  } finally {
    release();
  }
}

export function describeStored({ result, contentType }: StoredContent): StoredFile {
  return contentType === undefined ? result : { ...result, contentType };
}

/** The ids of a file and of its slaves, which go first. */
export function findFileIds({ fileId, slaves = {} }: StoredFile): string[] {
  return [...Object.values(slaves).map((slave) => slave.fileId), fileId];
}
