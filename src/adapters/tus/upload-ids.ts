/**
 * Upload ids: a file id and a signature of it. With the file id alone, everyone who knows one could write to,
 * read or delete that file of the cluster through the tus server.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Keeps a signature made here from being of use elsewhere, should the secret be used for other things, too. */
const PURPOSE = 'fastdfs-streams/tus upload id\n';
/** 128 bits. */
const SIGNATURE_BYTES = 16;

export class UploadIds {
  readonly #secret: string | Uint8Array;

  constructor(secret: string | Uint8Array) {
    this.#secret = secret;
  }

  /** Returns the upload id of a file: safe in a url, and as long for every file id of the same length. */
  sign(fileId: string): string {
    const signature = createHmac('sha256', this.#secret).update(PURPOSE).update(fileId).digest();
    return `${encode(fileId)}.${encode(signature.subarray(0, SIGNATURE_BYTES))}`;
  }

  /**
   * Returns the file id in an upload id; undefined for anything that {@link sign} did not make, down to the last character: a
   * second spelling of an id would escape the server's locks, which go by the id.
   */
  open(uploadId: string): string | undefined {
    const fileId = Buffer.from(uploadId.slice(0, uploadId.indexOf('.')), 'base64url').toString();
    const expected = Buffer.from(this.sign(fileId));
    const given = Buffer.from(uploadId);
    return given.length === expected.length && timingSafeEqual(given, expected) ? fileId : undefined;
  }
}

function encode(value: string | Uint8Array): string {
  return Buffer.from(value as string).toString('base64url');
}
