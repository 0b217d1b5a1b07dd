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
  /** Unix seconds of the last change that came from another storage. */
  lastSyncUpdate = 0;

  /** Counts a success. Failures of the disk, which a real storage counts as tries, are not counted. */
  done(counter: Counter, amount = 1): void {
    const at = PAIRS.indexOf(counter) * 2;
    this.#values[at]! += amount;
    this.#values[at + 1]! += amount;
  }

  /** Lists all 42: the pairs, then last source update, last sync update, last synced and last heart-beat time. */
  list(lastSynced: number, now: number): number[] {
    return [...this.#values, this.lastSourceUpdate, this.lastSyncUpdate, lastSynced, now];
  }

  reset(): void {
    this.#values.fill(0);
    this.lastSourceUpdate = 0;
    this.lastSyncUpdate = 0;
  }
}
