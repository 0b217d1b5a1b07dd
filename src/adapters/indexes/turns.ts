/** Runs work on the same key one after another, and work on different keys side by side. */

/** Queues of one index: what touches a key waits for what was queued for that key before. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Runs `work` when all that was queued for any of the keys is done. */
  run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = keys.map((key) => this.#last.get(key));
    const result = Promise.all(before).then(work);
    const done = result.then(
      () => {},
      () => {},
    );
    for (const key of keys) this.#last.set(key, done);
    void done.then(() => {
      for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key);
    });
    return result;
  }
}
