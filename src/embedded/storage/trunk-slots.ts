/**
 * Trunk mode: which slot of which trunk file a small file gets. The trunk server of a group hands the slots out; every
 * storage knows which are taken in its own copy. Contents are stored as single files all the same.
 */
import { TRUNK_NAME_LENGTH } from '../../core/model/limits.js';
import { refuseUnless, STATUS } from '../wire/status.js';

const TRUNK_FILE_BYTES = 64 * 1024 * 1024;
const SLOT_HEADER_BYTES = 24;
const MIN_SLOT_BYTES = 256;
const MAX_SLOT_BYTES = 1024 * 1024;
const ALIGNMENT = 256;
const ENCODED_AT = 10 + 27;
const INFO_CHARS = 16;

export interface Slot {
  readonly file: number;
  readonly offset: number;
  readonly size: number;
}

/** Whether content of this size is put into a trunk file. */
export function fitsSlot(bytes: number): boolean {
  return bytes + SLOT_HEADER_BYTES <= MAX_SLOT_BYTES;
}

/** Returns the 16 characters that stand behind the encoded fields of a name. */
export function encodeSlot({ file, offset, size }: Slot): string {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(file, 0);
  bytes.writeUInt32BE(offset, 4);
  bytes.writeUInt32BE(size, 8);
  return bytes.toString('base64url');
}

/** The slot of a trunk file's name; undefined for any other name: slaves and metadata files are longer. */
export function decodeSlot(name: string): Slot | undefined {
  if (name.length !== TRUNK_NAME_LENGTH) return undefined;
  const fields = Buffer.from(name.slice(10, ENCODED_AT), 'base64url');
  if (fields.length !== 20 || (fields[8]! & 0x08) === 0) return undefined;
  const bytes = Buffer.from(name.slice(ENCODED_AT, ENCODED_AT + INFO_CHARS), 'base64url');
  if (bytes.length !== 12) return undefined;
  return { file: bytes.readUInt32BE(0), offset: bytes.readUInt32BE(4), size: bytes.readUInt32BE(8) };
}

const formatKey = ({ file, offset }: Slot) => `${file}/${offset}`;

/** Slots of one group, as its trunk server sees them. */
export class TrunkAllocator {
  #file = 1;
  #end = 0;
  #free: Slot[] = [];

  /** Number of the newest trunk file; 0 while there is none. */
  get file(): number {
    return this.#end === 0 && this.#file === 1 ? 0 : this.#file;
  }

  /** Returns a slot: the smallest free one that fits, else new space. */
  allocate(bytes: number): Slot {
    const need = Math.max(Math.ceil((bytes + SLOT_HEADER_BYTES) / ALIGNMENT) * ALIGNMENT, MIN_SLOT_BYTES);
    let best = -1;
    for (const [index, { size }] of this.#free.entries()) {
      if (size >= need && (best < 0 || size < this.#free[best]!.size)) best = index;
    }
    if (best >= 0) return this.#free.splice(best, 1)[0]!;
    if (this.#end + need > TRUNK_FILE_BYTES) {
      this.#file += 1;
      this.#end = 0;
    }
    const slot = { file: this.#file, offset: this.#end, size: need };
    this.#end += need;
    return slot;
  }

  free(slot: Slot): void {
    this.#free.push(slot);
  }

  /** Continues behind a slot that a file of an earlier run has. */
  found({ file, offset, size }: Slot): void {
    if (file < this.#file || (file === this.#file && offset + size <= this.#end)) return;
    this.#file = file;
    this.#end = offset + size;
  }

  clear(): void {
    this.#file = 1;
    this.#end = 0;
    this.#free = [];
  }
}

/** Slots that are taken in the copy of one storage. */
export class TrunkSlots {
  readonly #allocator: TrunkAllocator;
  readonly #taken = new Map<string, string>();
  readonly #shadowed = new Set<string>();

  constructor(allocator: TrunkAllocator) {
    this.#allocator = allocator;
  }

  /** @throws Refused (17) while this storage still has the file whose slot was given away: its deletion has not arrived */
  allocate(bytes: number): Slot {
    const slot = this.#allocator.allocate(bytes);
    if (this.#taken.has(formatKey(slot))) {
      this.#allocator.free(slot);
      refuseUnless(false, STATUS.EXISTS);
    }
    return slot;
  }

  take(name: string): void {
    const slot = decodeSlot(name);
    if (!slot) return;
    const key = formatKey(slot);
    // A slave whose name is as long as its master's decodes to the master's slot.
    const isSlave = this.#taken.get(key)?.startsWith(name.slice(0, ENCODED_AT + INFO_CHARS)) === true;
    if (!isSlave) this.#taken.set(key, name);
  }

  /** Whether a name is that of the content in a slot, which is no file of its own. */
  holds(name: string): boolean {
    const slot = decodeSlot(name);
    return slot !== undefined && this.#taken.get(formatKey(slot)) === name;
  }

  /** Whether content is found under a name: what decodes to a slot has to be in that slot. */
  finds(name: string): boolean {
    return this.holds(name) || decodeSlot(name) === undefined;
  }

  /**
   * Registers a slave that gets the name of its master. It is a file beside the trunk file, where no command finds it.
   * @throws Refused (17) the second time
   */
  shadow(name: string): void {
    refuseUnless(!this.#shadowed.has(name), STATUS.EXISTS);
    this.#shadowed.add(name);
  }

  /** Registers a file of an earlier run. */
  found(name: string): void {
    this.take(name);
    const slot = decodeSlot(name);
    if (slot) this.#allocator.found(slot);
  }

  free(name: string): void {
    const slot = decodeSlot(name);
    if (slot && this.#taken.get(formatKey(slot)) === name) this.#taken.delete(formatKey(slot));
  }

  /** A client has deleted the file: the trunk server may hand the slot out again. */
  release(name: string): void {
    const slot = decodeSlot(name);
    this.free(name);
    if (slot) this.#allocator.free(slot);
  }

  clear(): void {
    this.#taken.clear();
    this.#shadowed.clear();
  }
}
