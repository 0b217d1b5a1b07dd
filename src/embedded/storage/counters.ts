/** The 42 counters of a storage, in the order in which its statistics record carries them. */

const PAIRS = [
  'upload',
  'append',
  'modify',
  'truncate',
  'setMeta',
  'delete',
  'download',
  'getMeta',
  'createLink',
  'deleteLink',
  'uploadBytes',
  'appendBytes',
  'modifyBytes',
  'downloadBytes',
  'syncInBytes',
  'syncOutBytes',
  'fileOpen',
  'fileRead',
  'fileWrite',
] as const;

/** Each is kept twice: how often it was tried and how often it succeeded; the bytes likewise. */
export type Counter = (typeof PAIRS)[number];

export class Counters {
  #values = new Array<number>(PAIRS.length * 2).fill(0);
  /** Unix seconds of the last change by a client. */
  lastSourceUpdate = 0;
  lastSynced = 0;

  /** Counts what has worked; failures of the disk, which would count as tries only, are not told apart here. */
  done(counter: Counter, amount = 1): void {
    const at = PAIRS.indexOf(counter) * 2;
    this.#values[at]! += amount;
    this.#values[at + 1]! += amount;
  }

  /** All 42: the pairs, then last source update, last sync update, last synced and last heart-beat time. */
  list(now: number): number[] {
    return [...this.#values, this.lastSourceUpdate, this.lastSynced, this.lastSynced, now];
  }

  reset(): void {
    this.#values.fill(0);
    this.lastSourceUpdate = 0;
    this.lastSynced = 0;
  }
}
