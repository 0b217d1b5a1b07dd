/** The options of the multer engine: checked when it is made, and found for each file when it arrives. */
import { Duplex } from 'node:stream';
import { ArgumentError } from '../../core/base/errors.js';
import { MAX_METADATA_VALUE } from '../../core/model/limits.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension, checkGroup } from '../../core/model/names.js';
import type { UploadOptions } from '../../index.js';
import type {
  FdfsStorageOptions,
  IncomingFile,
  MulterRequest,
  PerFileFunction,
  StoredFile,
} from './types.js';

/** Keys that go to the upload as they are, and the type that their values have. */
const UPLOAD_KEYS = {
  group: 'string',
  ext: 'string',
  filename: 'string',
  keepFilename: 'boolean',
  metadata: 'object',
  size: 'number',
  appender: 'boolean',
  whenSizeUnknown: 'string',
  finalize: 'boolean',
  blockBytes: 'number',
  verify: 'boolean',
} as const satisfies Partial<Record<keyof UploadOptions, string>>;

const VALUE_KEYS = { ...UPLOAD_KEYS, contentType: 'string' } as const;

type UploadKey = keyof typeof UPLOAD_KEYS;
type ValueKey = keyof typeof VALUE_KEYS;

const VALUE_KEY_LIST = Object.keys(VALUE_KEYS) as ValueKey[];

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
  dest: 'is of no use here: files go to FastDFS',
  destination: 'is of no use here; the option `group` tells where files go',
  bucket: 'is called `group` here',
  key: 'is not possible: FastDFS names files itself, and the name is in req.file.fileId',
  trackers: 'belongs into the first argument: fdfsStorage({ trackers: … }, options)',
};

/** @throws ArgumentError naming the option that makes no sense */
export function checkOptions<Req>(options: FdfsStorageOptions<Req>): Readonly<FdfsStorageOptions<Req>> {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError('Options of fdfsStorage must be an object');
  }
  for (const [key, value] of Object.entries(options)) {
    if (Object.hasOwn(VALUE_KEYS, key)) {
      if (typeof value !== 'function') checkValue(key as ValueKey, value);
    } else if (key === 'transforms') checkTransforms(value);
    else if (key === 'url') checkUrl(value);
    else if (Object.hasOwn(HINTS, key)) throw new ArgumentError(`Option \`${key}\` ${HINTS[key]}`);
    else throw new ArgumentError(`Unknown option \`${key}\` of fdfsStorage`);
  }
  return Object.freeze({ ...options });
}

function checkValue(key: ValueKey, value: unknown): void {
  if (value === undefined || value === null) return;
  const expected = VALUE_KEYS[key];
  if (typeof value !== expected || Array.isArray(value)) {
    const actual = Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
    throw new ArgumentError(
      `Option \`${key}\` must be of type ${expected}, or a function that gives one, not ${actual}`,
    );
  }
  if (key === 'group') checkGroup(value as string);
  if (key === 'ext') checkExtension(value as string);
  if (key === 'metadata') encodeMetadata(value as Metadata);
}

function checkTransforms(value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'function')) return;
  throw new ArgumentError(
    'Option `transforms` must be an array of functions that each make a stream, or a function that gives streams: ' +
      'a stream itself would serve the first file only',
  );
}

function checkUrl(value: unknown): void {
  if (value === undefined || value === false || typeof value === 'string' || typeof value === 'function')
    return;
  throw new ArgumentError('Option `url` must be a string, false, or a function that gives a string');
}

/** What the options say about one file. */
export interface FileOptions {
  upload: UploadOptions;
  contentType: string;
}

/**
 * What the options say about one file: at once where none of them is a function. Functions run side by side; the first that fails
 * is the one that is told.
 */
export function optionsFor<Req>(
  options: Readonly<FdfsStorageOptions<Req>>,
  req: Req,
  file: IncomingFile,
): FileOptions | Promise<FileOptions> {
  const found: Partial<Record<ValueKey, unknown>> = {};
  const asked: Promise<void>[] = [];
  for (const key of VALUE_KEY_LIST) {
    const option = options[key];
    if (typeof option === 'function') asked.push(ask(option, key));
    else if (option !== undefined && option !== null) found[key] = option;
  }
  async function ask(option: unknown, key: ValueKey): Promise<void> {
    const value = await evaluate<unknown, Req, IncomingFile>(option, req, file);
    checkValue(key, value);
    if (value !== undefined && value !== null) found[key] = value;
  }
  function settled(): FileOptions {
    const { contentType, ...upload } = found as Pick<UploadOptions, UploadKey> & { contentType?: string };
    upload.filename ??= keepableName(file.originalname);
    return { upload, contentType: contentType ?? file.mimetype };
  }
  return asked.length === 0 ? settled() : Promise.all(asked).then(settled);
}

/**
 * Makes the streams that one file runs through. When one cannot be made, those before it are destroyed.
 * @param signal when it fires, streams that come too late are destroyed
 */
export function transformsFor<Req>(
  option: FdfsStorageOptions<Req>['transforms'],
  req: Req,
  file: IncomingFile,
  signal: AbortSignal,
): Duplex[] | Promise<Duplex[]> {
  return option === undefined ? [] : makeTransforms(option, req, file, signal);
}

async function makeTransforms<Req>(
  option: NonNullable<FdfsStorageOptions<Req>['transforms']>,
  req: Req,
  file: IncomingFile,
  signal: AbortSignal,
): Promise<Duplex[]> {
  const streams: Duplex[] = [];
  try {
    const list = Array.isArray(option) ? option : await evaluate(option, req, file);
    for (const entry of list === undefined ? [] : [list].flat()) {
      const stream: unknown = await evaluate(entry, req, file);
      if (!isDuplex(stream))
        throw new ArgumentError('Option `transforms` gave something that is no Duplex stream');
      // What goes wrong in it is told by the pipeline; the event itself must not go unheard.
      streams.push(stream.on('error', () => undefined));
    }
    signal.throwIfAborted();
    return streams;
  } catch (error) {
    for (const stream of streams) stream.destroy();
    throw error;
  }
}

/** The url of a stored file by the option `url`; without it the one that the client made. */
export function urlFor<Req>(
  option: FdfsStorageOptions<Req>['url'],
  req: Req,
  file: StoredFile,
): string | undefined | Promise<string | undefined> {
  if (option === undefined) return file.url;
  if (option === false) return undefined;
  if (typeof option === 'string') return `${option.replace(/\/+$/, '')}/${file.fileId}`;
  return evaluate(option, req, file);
}

/** A value as it is, what a function returns, or what it calls back with if it declares three parameters. */
async function evaluate<T, Req = MulterRequest, File = IncomingFile>(
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

function isDuplex(value: unknown): value is Duplex {
  if (value instanceof Duplex) return true;
  const { pipe, write } = (value ?? {}) as Partial<Record<'pipe' | 'write', unknown>>;
  return typeof pipe === 'function' && typeof write === 'function';
}

/** Every name but the strange ones. */
const PLAIN_NAME = /^[\x20-\x7e]{1,255}$/;

/**
 * A stranger's file name, such that it can be kept as metadata: without the characters that the format reserves,
 * and with so much cut off its front that it fits.
 */
function keepableName(name: string): string {
  if (PLAIN_NAME.test(name)) return name;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that the wire format reserves
  const characters = Array.from(name.replace(/[\x00-\x02]/g, ''));
  let from = characters.length;
  for (let bytes = 0; from > 0; from--) {
    bytes += Buffer.byteLength(characters[from - 1]!);
    if (bytes > MAX_METADATA_VALUE) break;
  }
  return characters.slice(from).join('');
}
