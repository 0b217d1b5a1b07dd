/**
 * Where the next uploads go. Every upload uses an answer of its own, as the cluster decides by its own policy. While uploads
 * follow one another closely, answers for the next ones are asked ahead, several in one write: then no upload waits for the
 * tracker.
 */
import type { ExchangeOptions } from '../net/exchange.js';
import {
  queryStoreWithGroupOne,
  queryStoreWithoutGroupOne,
  type StoreTargets,
} from '../protocol/tracker-commands.js';
import type { TrackerClient } from './trackers.js';

/** An older answer is not used: the tracker may decide otherwise by now. */
const MAX_AGE_MS = 100;
/** Uploads are counted in periods of this length. Half as many as in the last one are asked ahead. */
const PERIOD_MS = 50;
const MAX_AHEAD = 64;
/** Groups with answers of their own; applications rarely name more than one. */
const MAX_GROUPS = 16;

export class UploadTargets {
  readonly #trackers: TrackerClient;
  readonly #byGroup = new Map<string | undefined, AnswersAhead>();

  constructor(trackers: TrackerClient) {
    this.#trackers = trackers;
  }

  /** Finds the storage that the next upload goes to: in `group`, or where the tracker wants it. */
  next(group: string | undefined, options: ExchangeOptions): StoreTargets | Promise<StoreTargets> {
    let ahead = this.#byGroup.get(group);
    if (!ahead) {
      if (this.#byGroup.size === MAX_GROUPS) this.#byGroup.clear();
      ahead = new AnswersAhead((count) => this.#askMany(group, count));
      this.#byGroup.set(group, ahead);
    }
    return ahead.take(performance.now()) ?? this.#ask(group, options);
  }

  /** Forgets what was asked ahead: a storage that it may name has failed. */
  clear(): void {
    this.#byGroup.clear();
  }

  #ask(group: string | undefined, options: ExchangeOptions): Promise<StoreTargets> {
    return group === undefined
      ? this.#trackers.query(queryStoreWithoutGroupOne, undefined, options)
      : this.#trackers.query(queryStoreWithGroupOne, { group }, options);
  }

  #askMany(group: string | undefined, count: number): Promise<StoreTargets[]> {
    return group === undefined
      ? this.#trackers.queryMany(queryStoreWithoutGroupOne, undefined, count)
      : this.#trackers.queryMany(queryStoreWithGroupOne, { group }, count);
  }
}

interface Answer {
  readonly targets: StoreTargets;
  /** `performance.now()` at which it was asked for. */
  readonly askedAt: number;
}

/** Answers that were asked for before an upload wants them. */
class AnswersAhead {
  readonly #ask: (count: number) => Promise<StoreTargets[]>;
  readonly #answers: Answer[] = [];
  #isAsking = false;
  #periodStart = 0;
  #taken = 0;
  #takenBefore = 0;

  constructor(ask: (count: number) => Promise<StoreTargets[]>) {
    this.#ask = ask;
  }

  /** @returns undefined when the upload has to ask for itself */
  take(now: number): StoreTargets | undefined {
    this.#count(now);
    let answer = this.#answers.shift();
    while (answer && now - answer.askedAt >= MAX_AGE_MS) answer = this.#answers.shift();
    const wanted = Math.min(MAX_AHEAD, this.#takenBefore >> 1);
    if (!this.#isAsking && wanted > 0 && this.#answers.length <= wanted >> 1) {
      this.#refill(wanted - this.#answers.length, now);
    }
    return answer?.targets;
  }

  #count(now: number): void {
    const elapsed = now - this.#periodStart;
    if (elapsed >= PERIOD_MS) {
      // After a pause nothing says that more uploads follow.
      this.#takenBefore = elapsed < 2 * PERIOD_MS ? this.#taken : 0;
      this.#taken = 0;
      this.#periodStart = now;
    }
    this.#taken++;
  }

  #refill(count: number, askedAt: number): void {
    this.#isAsking = true;
    const add = (answers: readonly StoreTargets[]) => {
      this.#isAsking = false;
      for (const targets of answers) this.#answers.push({ targets, askedAt });
    };
    // No report: the next upload asks for itself and meets the failure.
    const pause = () => {
      this.#isAsking = false;
      this.#takenBefore = 0;
    };
    this.#ask(count).then(add, pause);
  }
}
