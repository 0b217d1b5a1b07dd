/**
 * Further addresses of the loopback device. All of 127.0.0.0/8 can be listened on, but trackers know each other by the
 * address that they connect from, and that is the one they listen on only where the device has it.
 */
import { execFileSync } from 'node:child_process';

const added = new Set<string>();

/** Gives the device the address, where that is permitted. @returns why it has not got it; undefined when it has */
export function addLoopback(host: string): string | undefined {
  try {
    if (has(host)) return undefined;
    execFileSync('ip', ['addr', 'add', `${host}/32`, 'dev', 'lo'], { stdio: 'ignore' });
    added.add(host);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'the program ip is not installed' : `${host} cannot be added to lo`;
  }
}

/** Takes away what {@link addLoopback} has added, and nothing that was there before. */
export function removeLoopback(): void {
  for (const host of added) {
    execFileSync('ip', ['addr', 'del', `${host}/32`, 'dev', 'lo'], { stdio: 'ignore' });
    added.delete(host);
  }
}

function has(host: string): boolean {
  const list = execFileSync('ip', ['-4', 'addr', 'show', 'dev', 'lo'], { encoding: 'utf8' });
  return list.includes(` ${host}/32 `);
}
