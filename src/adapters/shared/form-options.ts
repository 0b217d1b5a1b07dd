/** Options of files that arrive in forms: those of an upload, and what to do with their content type. */
import { booleanOption, type Checks, objectOption, stringOption } from '../../core/base/validate.js';
import { checkGroup } from '../../core/model/file-id.js';
import { encodeMetadata, type Metadata } from '../../core/model/metadata.js';
import { checkExtension } from '../../core/model/names.js';
import type { UploadOptions } from '../../index.js';
import { UPLOAD_OPTIONS } from '../../streams/upload/plan.js';
import { type ContentTypeOptions, contentTypeOption, DETECT } from './content-type.js';
import { toStorableName } from './file-names.js';

/** Options of one file: those of an upload, and what to do with its content type. */
export interface FormFileOptions extends UploadOptions, ContentTypeOptions {}

export const FORM_FILE_CHECKS: Checks<FormFileOptions> = {
  ...UPLOAD_OPTIONS,
  ext: (value) => stringOption(value) ?? runCheck(() => checkExtension(value as string)),
  group: (value) => stringOption(value) ?? runCheck(() => checkGroup(value as string)),
  metadata: (value) => objectOption(value) ?? runCheck(() => encodeMetadata(value as Metadata)),
  contentType: contentTypeOption,
  keepContentType: booleanOption,
};

/** What the options and the sender say of one file. */
export interface FileSettings {
  readonly upload: UploadOptions;
  /** Undefined where neither says one. */
  readonly contentType: string | undefined;
  /** The content type is that of the first bytes, where they show one. */
  readonly detects: boolean;
  /** The content type is stored as metadata. */
  readonly keeps: boolean;
}

/**
 * Joins checked options with what the sender says of a file.
 * @param name of the file on the sender's side, whatever that is
 * @param type content type of the part
 */
export function resolveFileOptions(
  options: FormFileOptions,
  name: string | null | undefined,
  type?: string | null,
): FileSettings {
  const { contentType, keepContentType = false, filename, ...upload } = options;
  const storable = toStorableName(filename ?? name);
  const detects = contentType === DETECT;
  return {
    upload: storable === undefined ? upload : { ...upload, filename: storable },
    contentType: (detects ? undefined : contentType) ?? type ?? undefined,
    detects,
    keeps: keepContentType,
  };
}

/** For checks with an error of their own. */
function runCheck(check: () => unknown): undefined {
  check();
}
