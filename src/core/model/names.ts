/** Rules for the names that a client may choose: extension and slave prefix. Pure text work. */
import { ArgumentError } from '../base/errors.js';
import { EXT_BYTES, MAX_REMOTE_FILENAME, PREFIX_BYTES } from './limits.js';

const EXT = /^[A-Za-z0-9._-]*$/;

/**
 * Derives the extension as the C tools do: the text after the last dot if it has at most 6
 * characters, extended to the dot before it while both parts fit 6 (`a.tar.gz` → `tar.gz`). A dot that opens
 * the path does not count for the second part. No extension → ''.
 */
export function deriveExtension(path: string): string {
  const last = path.lastIndexOf('.');
  if (last < 0 || !fits(path.slice(last + 1)) || path.indexOf('/', last) >= 0) return '';
  for (let start = last - 1; start > 0 && fits(path.slice(start + 1)); start--) {
    if (path[start] === '/') break;
    if (path[start] === '.') return path.slice(start + 1);
  }
  return path.slice(last + 1);
}

/** Servers count bytes, of which a character outside ASCII has several. */
function fits(ext: string): boolean {
  return Buffer.byteLength(ext) <= EXT_BYTES;
}

/**
 * Derives the extension of a name that a stranger chose: what {@link deriveExtension} finds if a server would take it, else its
 * last part (`v 1.2 b.c` → `c`), else ''.
 */
export function deriveSafeExtension(path: string): string {
  const ext = deriveExtension(path);
  if (EXT.test(ext)) return ext;
  const last = ext.slice(ext.lastIndexOf('.') + 1);
  return EXT.test(last) ? last : '';
}

/** @throws ArgumentError unless servers take `ext`; a leading dot, as people write it, is dropped */
export function checkExtension(ext: string): string {
  const bare = ext.startsWith('.') ? ext.slice(1) : ext;
  if (bare.length > EXT_BYTES || !EXT.test(bare)) {
    throw new ArgumentError(
      `Extension ${JSON.stringify(ext)} must have at most ${EXT_BYTES} characters of A-Z a-z 0-9 . _ -`,
    );
  }
  return bare;
}

/** Checks prefix and extension of a slave: every server and client must be able to distinguish its name from its master's. */
export function checkSlave(masterRemoteFilename: string, prefix: string, ext: string): void {
  if (prefix === '' || prefix.length > PREFIX_BYTES || !EXT.test(prefix)) {
    throw new ArgumentError(
      `Slave prefix ${JSON.stringify(prefix)} must have 1 to ${PREFIX_BYTES} characters of A-Z a-z 0-9 . _ -`,
    );
  }
  // One character a byte: names of other clients may have any characters.
  const master = Buffer.from(masterRemoteFilename).toString('latin1');
  const base = master.slice(0, -7);
  const tail = master.slice(-7);
  const dot = tail.indexOf('.');
  const masterExt = dot < 0 ? 0 : tail.length - dot;
  const slaveExt = ext === '' ? 0 : ext.length + (ext.startsWith('.') ? 0 : 1);
  if (prefix === '-m' && ext === '') {
    throw new ArgumentError('Slave prefix "-m" without an extension is the name of the metadata file');
  }
  const short = base.length + tail.length - masterExt + prefix.length + slaveExt;
  if (short > MAX_REMOTE_FILENAME) {
    throw new ArgumentError(
      `A slave with prefix ${JSON.stringify(prefix)} would have a name of ${short} characters; servers take ${MAX_REMOTE_FILENAME}`,
    );
  }
  // Names of up to 44 characters (60 for trunk files) are read as names of plain files everywhere.
  if (prefix.length + slaveExt <= masterExt) {
    throw new ArgumentError(
      `A slave with prefix ${JSON.stringify(prefix)} and extension ${JSON.stringify(ext)} would have a name of ${short} characters, ` +
        "which servers take for a plain file's; use a longer prefix",
    );
  }
}
