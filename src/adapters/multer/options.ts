/** The options of the multer engine: checked when it is made, and evaluated for each file when it arrives. */
import { ArgumentError } from '../../core/base/errors.js';
import { type Check, type Checks, checkOptions } from '../../core/base/validate.js';
import type { Metadata } from '../../core/model/metadata.js';
import {
  type FileSettings,
  FORM_FILE_CHECKS,
  type FormFileOptions,
  resolveFileOptions,
} from '../shared/form-options.js';
import { slavesOption } from '../shared/slaves.js';
import { transformsOption } from '../shared/transforms.js';
import type {
  FdfsStorageOptions,
  IncomingFile,
  MulterRequest,
  PerFileFunction,
  StoredFile,
} from './types.js';

/** Multer and the engine itself see to signal and progress. */
type ValueOptions = Omit<FormFileOptions, 'signal' | 'onProgress'>;

const { signal: _signal, onProgress: _onProgress, ...VALUE_CHECKS } = FORM_FILE_CHECKS;

const VALUE_KEYS = Object.keys(VALUE_CHECKS) as (keyof ValueOptions)[];

const TO_MULTER =
  'belongs to multer itself: multer({ storage: fdfsStorage(conf), limits: …, fileFilter: … })';

/** What people pass by mistake, and where it belongs. */
const HINTS: Readonly<Record<string, string>> = {
  limits: TO_MULTER,
  fileFilter: TO_MULTER,
  fileSize: 'belongs into the limits of multer itself: multer({ storage, limits: { fileSize: … } })',
  preservePath: TO_MULTER,
  defParamCharset: TO_MULTER,
  storage: TO_MULTER,
  dest: 'has no effect here: files go to FastDFS',
  destination: 'has no effect here; the option `group` decides where files go',
  bucket: 'is called `group` here',
  key: 'is not possible: FastDFS names files itself, and the name is in req.file.fileId',
  trackers: 'belongs into the first argument: fdfsStorage({ trackers: … }, options)',
};

const urlOption: Check = (value) =>
  value === false || typeof value === 'string' || typeof value === 'function'
    ? undefined
    : 'a string, false, or a function that returns a string';

const STORAGE_CHECKS = {
  ...(Object.fromEntries(
    VALUE_KEYS.map((key) => [key, (value: unknown) => checkPerFile(VALUE_CHECKS[key], value)]),
  ) as Record<keyof ValueOptions, Check>),
  transforms: transformsOption,
  slaves: slavesOption,
  url: urlOption,
};

/** @throws ArgumentError naming the option, and where it belongs if that is known */
export function checkStorageOptions<Req>(
  options: FdfsStorageOptions<Req>,
): Readonly<FdfsStorageOptions<Req>> {
  for (const key of Object.keys(options ?? {})) {
    if (Object.hasOwn(HINTS, key)) throw new ArgumentError(`Option \`${key}\` ${HINTS[key]}`);
  }
  const checks: Checks<FdfsStorageOptions<Req>> = STORAGE_CHECKS;
  checkOptions('fdfsStorage()', options, checks);
  return Object.freeze({ ...options });
}

/** Functions are called for each file; null counts as undefined, as callbacks give it. */
function checkPerFile(check: Check, value: unknown): string | undefined {
  if (typeof value === 'function' || value === null) return undefined;
  const expected = check(value);
  return expected === undefined ? undefined : `${expected}, or a function that returns it`;
}

/**
 * Returns what the options say of one file: at once where none of them is a function. Functions run side by side; the first that
 * fails decides the error.
 */
export function evaluateOptions<Req>(
  options: Readonly<FdfsStorageOptions<Req>>,
  req: Req,
  file: IncomingFile,
): FileSettings | Promise<FileSettings> {
  const found: Record<string, unknown> = {};
  const pending: Promise<void>[] = [];
  for (const key of VALUE_KEYS) {
    const option: unknown = options[key];
    if (typeof option === 'function') pending.push(evaluateOption(option, key));
    else if (option !== undefined && option !== null) found[key] = withoutUndefined(key, option);
  }
  async function evaluateOption(option: unknown, key: keyof ValueOptions): Promise<void> {
    const value = withoutUndefined(key, await evaluate<unknown, Req, IncomingFile>(option, req, file));
    if (value === undefined || value === null) return;
    checkOptions('fdfsStorage()', { [key]: value }, VALUE_CHECKS);
    found[key] = value;
  }
  const resolve = () => resolveFileOptions(found as ValueOptions, file.originalname, file.mimetype);
  return pending.length === 0 ? resolve() : Promise.all(pending).then(resolve);
}

/** Metadata may be made of what a request may lack. */
function withoutUndefined(key: keyof ValueOptions, value: unknown): unknown {
  if (key !== 'metadata' || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, text]) => text !== undefined)) as Metadata;
}

/** Returns the url of a stored file by the option `url`; without it the one that the client made. */
export function evaluateUrl<Req>(
  option: FdfsStorageOptions<Req>['url'],
  req: Req,
  file: StoredFile,
): string | undefined | Promise<string | undefined> {
  if (option === undefined) return file.url;
  if (option === false) return undefined;
  if (typeof option === 'string') return `${option.replace(/\/+$/, '')}/${file.fileId}`;
  return evaluate(option, req, file);
}

/** Returns a value itself, what a function returns, or what it calls back with if it declares three parameters. */
export async function evaluate<T, Req = MulterRequest, File = IncomingFile>(
  option: T | PerFileFunction<T, Req, File> | undefined,
  req: Req,
  file: File,
): Promise<T | undefined> {
  if (typeof option !== 'function') return option;
  const call = option as (...args: unknown[]) => T | undefined | Promise<T | undefined>;
  if (call.length < 3) return await call(req, file);
  return await new Promise((resolve, reject) => {
    const returned = call(req, file, (error: unknown, value?: T) => (error ? reject(error) : resolve(value)));
    // An async function may reject instead of calling back.
    Promise.resolve(returned).catch(reject);
  });
}
