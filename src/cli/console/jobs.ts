/** Long work on the cluster that goes on while the page is closed: verifying copies, pruning old files. */
import { randomUUID } from 'node:crypto';

export interface Job {
  readonly id: string;
  readonly kind: string;
  /** What it was started with. */
  readonly settings: object;
  readonly startedAt: Date;
  state: 'running' | 'done' | 'failed' | 'cancelled';
  /** Counters by name. */
  progress: Record<string, number>;
  /** What it has found, the first so many. */
  readonly findings: object[];
  /** How many there are in all. */
  found: number;
  error?: string;
}

/** Does the work of a job: reports what it finds, and how far it is. */
export type Work = (report: JobReport, signal: AbortSignal) => Promise<void>;

export interface JobReport {
  find(finding: object): void;
  progress(counters: Record<string, number>): void;
}

const MAX_FINDINGS = 1_000;
/** Finished jobs that are kept. */
const MAX_JOBS = 50;

export class Jobs {
  readonly #jobs = new Map<string, Job>();
  readonly #controllers = new Map<string, AbortController>();
  readonly #running = new Set<Promise<void>>();

  start(kind: string, settings: object, work: Work): Job {
    const job: Job = {
      id: randomUUID(),
      kind,
      settings,
      startedAt: new Date(),
      state: 'running',
      progress: {},
      findings: [],
      found: 0,
    };
    const controller = new AbortController();
    this.#jobs.set(job.id, job);
    this.#controllers.set(job.id, controller);
    const running = this.#run(job, work, controller.signal);
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
    this.#forgetOldest();
    return job;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** Newest first. */
  list(): Job[] {
    return [...this.#jobs.values()].reverse();
  }

  cancel(id: string): void {
    this.#controllers.get(id)?.abort();
  }

  /** Cancels all jobs; resolves when they have ended. */
  async close(): Promise<void> {
    for (const controller of this.#controllers.values()) controller.abort();
    await Promise.all(this.#running);
  }

  async #run(job: Job, work: Work, signal: AbortSignal): Promise<void> {
    const report: JobReport = {
      find: (finding) => {
        job.found++;
        if (job.findings.length < MAX_FINDINGS) job.findings.push(finding);
      },
      progress: (counters) => {
        job.progress = counters;
      },
    };
    try {
      await work(report, signal);
      job.state = 'done';
    } catch (error) {
      job.state = signal.aborted ? 'cancelled' : 'failed';
      if (!signal.aborted) job.error = (error as Error).message;
    }
    this.#controllers.delete(job.id);
  }

  #forgetOldest(): void {
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size <= MAX_JOBS) return;
      if (state !== 'running') this.#jobs.delete(id);
    }
  }
}
