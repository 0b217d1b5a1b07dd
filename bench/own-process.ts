/** For the processes that are measured: what they used, and how they answer. */
import { readFileSync } from 'node:fs';

export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/**
 * The most memory this process ever had, in bytes. Linux reports it for the process alone; what `resourceUsage` reports may be that
 * of the process which started it.
 */
export function peakRss(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kib] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return Number(kib) * 1024;
}

/** Answers the first message and ends. */
export function serve<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.once('message', (question: Question) => {
    answer(question).then(
      (result) => process.send!({ result }, () => process.exit(0)),
      (error) => process.send!({ error: reasonOf(error) }, () => process.exit(1)),
    );
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
