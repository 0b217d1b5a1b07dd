/**
 * Sends the changes of one storage to the others of its group: in order, each after the delay. A storage that does not
 * run gets them when it is back.
 */
import { setImmediate } from 'node:timers/promises';
import { applyRecord } from './apply-record.js';
import type { Operation, PlacedRecord } from './binlog.js';
import type { SyncNode } from './sync-node.js';

export interface ReplicationSettings {
  /** Milliseconds until a change reaches another storage; 0: before the client gets its reply. */
  readonly delayMs: number;
  /** Milliseconds for which a rename of a file that the other storage has holds up what follows. */
  readonly renameStallMs: number;
  /** Positions are kept on disk, for the next start. */
  readonly persistent: boolean;
}

/** How often positions are written: sending a change twice does no harm. */
const MARK_INTERVAL_MS = 1000;
/** Further changes wait in the binlog. */
const MAX_QUEUED = 5000;
/** A storage that catches up lets others work after this long. */
const SLICE_MS = 10;

/** The changes that one storage still has to send to one other. */
class Sender {
  readonly target: SyncNode;
  delayMs: number;
  readonly #source: SyncNode;
  readonly #settings: ReplicationSettings;
  /** The next changes; what follows them is in the binlog from `#read` on. */
  #queue: PlacedRecord[] = [];
  #read: number;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Calls that wait for the one in progress. */
  #waiting = 0;
  /** Until then nothing is sent: the real sender reconnects after a rename. */
  #stalledUntil = 0;
  #position: number;
  #marked = 0;
  #flushing = 0;

  constructor(source: SyncNode, target: SyncNode, settings: ReplicationSettings) {
    this.#source = source;
    this.target = target;
    this.#settings = settings;
    this.delayMs = settings.delayMs;
    this.#position = source.binlog.readMark(this.#peer) ?? (settings.persistent ? 0 : source.binlog.length);
    this.#read = this.#position;
  }

  /** A later call of {@link send} would send nothing more, or nothing earlier. */
  get isScheduled(): boolean {
    return this.#timer !== undefined || this.#waiting > 0;
  }

  /** Names that no longer exist at the source, and still have to be removed at the other storage. */
  *removals(): Generator<string> {
    let { records, end } = { records: this.#queue, end: this.#read };
    for (let from = -1; from !== end; { records, end } = this.#source.binlog.readRecords(end)) {
      for (const { operation, name, rest } of records) {
        if (operation === 'D') yield name;
        else if (operation === 'R') yield rest[0]!;
      }
      from = end;
    }
  }

  /** @param start position of its line in the binlog */
  add(record: PlacedRecord, start: number): void {
    if (this.#read !== start || this.#queue.length >= MAX_QUEUED) return;
    this.#queue.push(record);
    this.#read = record.end;
  }

  /** Sends what is due and schedules the rest. Resolves when what is due now has arrived. */
  async send(): Promise<void> {
    this.#cancel();
    // What a loop that is in progress no longer sees is sent by the next one.
    this.#waiting++;
    while (this.#sending !== undefined) await this.#sending;
    this.#waiting--;
    this.#sending = this.#run().finally(() => {
      this.#sending = undefined;
    });
    await this.#sending;
  }

  /** Sends everything now, whatever the delay. */
  async flush(): Promise<void> {
    this.#flushing += 1;
    try {
      await this.send();
    } finally {
      this.#flushing -= 1;
    }
  }

  async #run(): Promise<void> {
    let started = Date.now();
    while (this.#source.running && this.target.running && this.#fill()) {
      if (Date.now() - started > SLICE_MS) {
        await setImmediate();
        started = Date.now();
        continue;
      }
      const record = this.#queue[0]!;
      const due = Math.max(record.at + this.delayMs, this.#stalledUntil);
      if (this.#flushing === 0 && this.delayMs > 0 && due > Date.now()) return this.#schedule(due);
      // A failure, e.g. of the disk, loses this change on the other storage as a real one does after its retries.
      const result = await applyRecord(this.#source, this.target, record).catch(() => 'failed' as const);
      if (this.#queue[0] !== record) continue; // `reset()` has emptied the queue meanwhile
      this.#queue.shift();
      this.#position = record.end;
      if (result === 'renamed' && this.delayMs > 0)
        this.#stalledUntil = Date.now() + this.#settings.renameStallMs;
      if (this.#settings.persistent && Date.now() - this.#marked > MARK_INTERVAL_MS) this.mark();
    }
  }

  /** Reads on in the binlog where nothing is queued. Returns whether there is a change to send. */
  #fill(): boolean {
    while (this.#queue.length === 0) {
      const { records, end } = this.#source.binlog.readRecords(this.#read);
      if (records.length === 0) this.#position = end;
      if (end === this.#read) return false;
      this.#read = end;
      this.#queue = records;
    }
    return true;
  }

  #schedule(due: number): void {
    const wait = due - Date.now();
    if (wait > 0x7fff_ffff) return;
    this.#timer = setTimeout(() => void this.send(), wait).unref();
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  mark(): void {
    this.#marked = Date.now();
    try {
      this.#source.binlog.writeMark(this.#peer, this.#position);
    } catch {
      // The disk is full: an older position sends some changes twice.
    }
  }

  /** Stops sending; what is pending stays. Resolves when a change in progress has arrived. */
  async pause(): Promise<void> {
    this.#cancel();
    await this.#sending;
    if (this.#settings.persistent) this.mark();
  }

  clear(): void {
    this.#cancel();
    this.#queue = [];
    this.#position = 0;
    this.#read = 0;
    this.#stalledUntil = 0;
  }

  get #peer(): string {
    return String(this.target.index);
  }
}

export class Replicator {
  readonly #source: SyncNode;
  readonly #settings: ReplicationSettings;
  readonly #group: readonly SyncNode[];
  #made: Sender[] | undefined;

  /** @param group the storages of its group: a list that may still grow until the first use */
  constructor(source: SyncNode, group: readonly SyncNode[], settings: ReplicationSettings) {
    this.#source = source;
    this.#group = group;
    this.#settings = settings;
  }

  /** Made by the first use, when the group is complete. */
  get #senders(): readonly Sender[] {
    this.#made ??= this.#group
      .filter((node) => node !== this.#source)
      .map((target) => new Sender(this.#source, target, this.#settings));
    return this.#made;
  }

  /** Names whose removal has not reached every other storage. */
  removals(): string[] {
    return this.#senders.flatMap((sender) => [...sender.removals()]);
  }

  /** Records a change by a client. Resolves when the storages without delay have it. */
  async record(operation: Operation, name: string, ...rest: Array<string | number>): Promise<void> {
    this.write(operation, name, ...rest);
    await this.send();
  }

  /** Writes a change into the binlog, for {@link send}. */
  write(operation: Operation, name: string, ...rest: Array<string | number>): void {
    const { binlog } = this.#source;
    const record = { at: Date.now(), operation, name, rest: rest.map(String) };
    const start = binlog.length;
    binlog.append(record);
    for (const sender of this.#senders) sender.add({ ...record, end: binlog.length }, start);
  }

  /** Sends what is in the binlog. Resolves when the storages without delay have it. */
  async send(): Promise<void> {
    const waits: Promise<void>[] = [];
    for (const sender of this.#senders) {
      const sent = sender.isScheduled && sender.delayMs > 0 ? undefined : sender.send();
      if (sender.delayMs === 0 && sent) waits.push(sent);
    }
    await Promise.all(waits);
  }

  /** Goes on after this storage or another of the group has started. */
  resume(): void {
    for (const sender of this.#senders) void sender.send();
  }

  async flush(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.flush()));
  }

  async pause(): Promise<void> {
    await Promise.all(this.#senders.map((sender) => sender.pause()));
  }

  /** Changes how long one storage waits for what this one sends. */
  delay(target: SyncNode, ms: number): void {
    const sender = this.#senders.find((candidate) => candidate.target === target);
    if (!sender) return;
    sender.delayMs = ms;
    void sender.send();
  }

  clear(): void {
    for (const sender of this.#senders) sender.clear();
  }
}
