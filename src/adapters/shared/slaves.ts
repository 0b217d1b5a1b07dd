/** Slaves of each file: further outputs of the same content, e.g. thumbnails, stored beside it under its name. */
import type { Duplex } from 'node:stream';
import type { FastDFSClient } from '../../client.js';
import { ArgumentError } from '../../core/base/errors.js';
import { type Check, checkOptions, functionOption } from '../../core/base/validate.js';
import { PREFIX_BYTES } from '../../core/model/limits.js';
import { type CollectedContent, collectPart } from '../shared/collect-part.js';
import { detectContentType, keepContentType } from '../shared/content-type.js';
import { type FileSettings, FORM_FILE_CHECKS, type FormFileOptions } from '../shared/form-options.js';
import type { PartReader } from '../shared/part-reader.js';
import type { StoredContent } from '../shared/store-part.js';
import { openTransforms, transformsOption } from './options.js';
import type { IncomingFile, SlaveList, SlaveOptions } from './types.js';

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
        `Slave prefix ${JSON.stringify(prefix)} must have 1 to ${PREFIX_BYTES} characters of A–Z a–z 0–9 . _ -`,
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

/** A slave of one file, before its content is there. */
export interface SlavePlan {
  readonly prefix: string;
  readonly transforms: readonly Duplex[];
  readonly options: Omit<SlaveOptions, 'transforms'>;
}

/** A slave whose content waits for its master. */
export interface CollectedSlave extends SlavePlan {
  readonly content: CollectedContent;
}

/** Opens the transforms of all slaves; one whose function returns nothing is left out. */
export async function planSlaves<Req>(
  list: SlaveList<Req> | undefined,
  req: Req,
  file: IncomingFile,
  signal: AbortSignal,
): Promise<SlavePlan[]> {
  const plans: SlavePlan[] = [];
  try {
    for (const [prefix, slave] of Object.entries(list ?? {})) {
      const { transforms: option, ...options } =
        typeof slave === 'function' ? { transforms: slave } : (slave as SlaveOptions<Req>);
      const transforms = await openTransforms(option, req, file, signal);
      if (transforms.length > 0) plans.push({ prefix, transforms, options });
    }
    return plans;
  } catch (error) {
    for (const { transforms } of plans) for (const transform of transforms) transform.destroy();
    throw error;
  }
}

/** Collects the content of a slave while its master is being stored. */
export async function collectSlave(
  client: FastDFSClient,
  part: PartReader,
  plan: SlavePlan,
): Promise<CollectedSlave> {
  return { ...plan, content: await collectPart(client, part.through(plan.transforms)) };
}

/** Stores a slave. When it rejects, nothing of the slave remains. */
export async function storeSlave(
  client: FastDFSClient,
  master: string,
  { prefix, content, options }: CollectedSlave,
  settings: FileSettings,
  signal: AbortSignal,
): Promise<StoredContent> {
  const {
    ext,
    metadata,
    contentType: given,
  } = options as Pick<FormFileOptions, 'ext' | 'metadata' | 'contentType'>;
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
