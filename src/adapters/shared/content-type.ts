/** Content types: as senders say, or detected from the first bytes. */
import { ArgumentError } from '../../core/base/errors.js';
import type { Check } from '../../core/base/validate.js';
import type { UploadOptions } from '../../index.js';

/** What forms know beside the options of an upload. */
export interface ContentTypeOptions {
  /**
   * Content type of the file, or `'detect'`: found from its first bytes by the package `file-type`, an optional peer. Default, and
   * where nothing is detected: what the sender says of the part.
   */
  contentType?: string | undefined;
  /** Keep the content type as metadata `contentType`. Default false. */
  keepContentType?: boolean | undefined;
}

/** As many bytes `file-type` looks at. */
export const DETECT_BYTES = 4100;

export const DETECT = 'detect';

const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *;[\x20-\x7e]*)?$/;
/** Metadata takes 256 bytes; no media type is as long. */
const MAX_LENGTH = 200;

/** Checks the option `contentType`. */
export const contentTypeOption: Check = (value) =>
  value === DETECT || (typeof value === 'string' && isMediaType(value))
    ? undefined
    : "a media type, e.g. 'image/png', or 'detect'";

/**
 * Detects the content type by the first {@link DETECT_BYTES} bytes. Returns undefined for text and everything else that has no
 * signature.
 * @throws ArgumentError when the package `file-type` is not installed
 */
export async function detectContentType(head: Uint8Array): Promise<string | undefined> {
  const { fileTypeFromBuffer } = await loadFileType();
  return (await fileTypeFromBuffer(head.subarray(0, DETECT_BYTES)))?.mime;
}

/** Returns the options of the upload, with the content type in the metadata where that is asked for and the type can be kept. */
export function keepContentType(
  { upload, keeps }: { upload: UploadOptions; keeps: boolean },
  contentType: string | undefined,
): UploadOptions {
  if (!keeps || contentType === undefined || !isMediaType(contentType)) return upload;
  return { ...upload, metadata: { contentType, ...upload.metadata } };
}

function isMediaType(type: string): boolean {
  return type.length <= MAX_LENGTH && MEDIA_TYPE.test(type);
}

interface FileType {
  fileTypeFromBuffer(content: Uint8Array): Promise<{ mime: string } | undefined>;
}

let loading: Promise<FileType> | undefined;

/** An optional peer: loaded when it is first needed, and not named in declarations. */
function loadFileType(): Promise<FileType> {
  const name: string = 'file-type';
  loading ??= import(name).catch((cause) => {
    loading = undefined;
    throw new ArgumentError(
      "contentType: 'detect' needs the package `file-type` (version 19 or later): npm install file-type",
      { cause },
    );
  });
  return loading;
}
