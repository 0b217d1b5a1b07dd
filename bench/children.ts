/** Processes of the bench: each contender has one of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A job that has not ended by then is taken to hang. */
const LIMIT_MS = 180_000;

/** Starts a compiled file of the bench, named relative to this folder. */
export function start(file: string, env: Record<string, string> = {}): ChildProcess {
  return fork(new URL(file, import.meta.url), {
    serialization: 'advanced',
    env: { ...process.env, ...env },
  });
}

/** Starts a file, asks it one thing, and returns what it answers; it ends by itself. */
export async function inChild<Answer>(file: string, question: object): Promise<Answer> {
  const child = start(file);
  try {
    child.send(question);
    return await answerOf<Answer>(child);
  } finally {
    if (child.exitCode === null && !child.killed) child.kill();
  }
}

/** The next answer of a process. */
export async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), LIMIT_MS);
  const { signal } = stop;
  try {
    const ended = once(child, 'exit', { signal }).then(([code]) => ({ error: `ended with ${code}` }));
    const answered = once(child, 'message', { signal }).then(([answer]) => answer as object);
    const answer = (await Promise.race([answered, ended])) as { result?: Answer; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result as Answer;
  } catch (error) {
    throw signal.aborted ? new Error(`no end within ${LIMIT_MS / 1000} s`) : error;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}
