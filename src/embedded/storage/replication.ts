/**
 * Which storages of a group hold a file. There is one copy on disk; a replica merely pretends not to have a file
 * until the delay has passed. Only files younger than the delay are remembered.
 */
export class Replication {
  readonly #delayMs: number;
  /** Source storage and the time from which on the others have the file. Oldest first. */
  readonly #fresh = new Map<string, { source: number; visibleAt: number }>();

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  created(name: string, source: number): void {
    if (this.#delayMs === 0) return;
    const now = Date.now();
    for (const [oldest, { visibleAt }] of this.#fresh) {
      if (visibleAt > now) break;
      this.#fresh.delete(oldest);
    }
    this.#fresh.set(name, { source, visibleAt: now + this.#delayMs });
  }

  removed(name: string): void {
    this.#fresh.delete(name);
  }

  /** Whether a storage holds a file that exists. */
  holds(name: string, storage: number): boolean {
    const entry = this.#fresh.get(name);
    return entry === undefined || entry.source === storage || entry.visibleAt <= Date.now();
  }

  /**
   * What a tracker concludes from a name alone: has a file of this age reached every storage?
   * @param createdAt unix seconds from the name
   */
  settled(name: string, createdAt: number): boolean {
    if (this.#delayMs === 0) return true;
    const entry = this.#fresh.get(name);
    const visibleAt = entry?.visibleAt ?? createdAt * 1000 + this.#delayMs;
    return visibleAt <= Date.now();
  }

  /** A source that is down hands nothing on. */
  sourceStopped(source: number): void {
    const now = Date.now();
    for (const entry of this.#fresh.values()) {
      if (entry.source === source && entry.visibleAt > now) entry.visibleAt = Number.POSITIVE_INFINITY;
    }
  }

  sourceStarted(source: number): void {
    for (const entry of this.#fresh.values()) {
      if (entry.source === source && entry.visibleAt === Number.POSITIVE_INFINITY) {
        entry.visibleAt = Date.now() + this.#delayMs;
      }
    }
  }

  clear(): void {
    this.#fresh.clear();
  }
}
