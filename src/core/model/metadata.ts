/**
 * Metadata on the wire: `key 0x02 value` records joined by 0x01, without a trailing separator.
 * There is no escaping and servers cut long parts, so whatever would not come back unchanged is refused here.
 */
import { ArgumentError } from '../base/errors.js';
import { describeValue, isRecord } from '../base/validate.js';
import { MAX_METADATA_KEY, MAX_METADATA_REQUEST, MAX_METADATA_VALUE } from './limits.js';

/** Names and values stored beside a file: keys of 1 to 64 bytes, values of at most 256, as UTF-8. */
export type Metadata = Record<string, string>;

const RECORD = '\x01';
const FIELD = '\x02';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that the wire format reserves
const RESERVED = /[\x00\x01\x02]/;

/**
 * @throws ArgumentError for an empty or long key (64 bytes), a long value (256 bytes), a reserved character
 * (NUL, 0x01, 0x02), a value that is not a string, more than a request holds, and a Map or other object without properties
 */
export function encodeMetadata(metadata: Metadata): Buffer {
  if (!isRecord(metadata))
    throw new ArgumentError(`Metadata must be an object, not ${describeValue(metadata)}`);
  const records: string[] = [];
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw new ArgumentError(
        `Metadata value of ${JSON.stringify(key)} must be a string, not ${typeof value}`,
      );
    }
    checkPart('key', key, key, MAX_METADATA_KEY);
    checkPart('value', key, value, MAX_METADATA_VALUE);
    records.push(key + FIELD + value);
  }
  const encoded = Buffer.from(records.join(RECORD));
  if (encoded.length > MAX_METADATA_REQUEST - 256) {
    throw new ArgumentError(
      `Metadata of ${encoded.length} bytes is more than one request holds (about 256 KiB)`,
    );
  }
  return encoded;
}

function checkPart(part: 'key' | 'value', key: string, text: string, limit: number): void {
  const bytes = Buffer.byteLength(text);
  if (part === 'key' && bytes === 0) throw new ArgumentError('A metadata key is empty');
  if (bytes > limit) {
    throw new ArgumentError(
      `Metadata ${part} of ${JSON.stringify(key.slice(0, 80))} has ${bytes} bytes; at most ${limit} are kept by servers`,
    );
  }
  if (RESERVED.test(text)) {
    throw new ArgumentError(
      `Metadata ${part} of ${JSON.stringify(key.slice(0, 80))} contains NUL, 0x01 or 0x02, which the format reserves`,
    );
  }
}

/**
 * Decodes metadata, also of other clients: a value is cut at its first NUL (left over where a server shortened it),
 * records without a field separator are skipped, and of equal keys the last one wins.
 */
export function decodeMetadata(body: Buffer): Metadata {
  const metadata: Metadata = Object.create(null);
  if (body.length === 0) return { ...metadata };
  for (const record of body.toString('utf8').split(RECORD)) {
    const separator = record.indexOf(FIELD);
    if (separator < 0) continue;
    metadata[untilNul(record.slice(0, separator))] = untilNul(record.slice(separator + 1));
  }
  return { ...metadata };
}

function untilNul(text: string): string {
  const nul = text.indexOf('\0');
  return nul < 0 ? text : text.slice(0, nul);
}
