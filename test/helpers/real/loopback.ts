/**
 * Addresses of the loopback device for real servers. All of 127.0.0.0/8 can be listened on, but trackers know each other by the
 * address that they connect from, and that is the one they listen on only where the device has it.
 */
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import net from 'node:net';

/** A tracker's port: the first that every cluster listens on. */
const PROBED_PORT = 22122;

/** Adds the address to the device where that is permitted. Returns whether the device has it now. */
export function addLoopback(host: string): boolean {
  try {
    if (!has(host)) execFileSync('ip', ['addr', 'add', `${host}/32`, 'dev', 'lo'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function removeLoopback(host: string): void {
  try {
    execFileSync('ip', ['addr', 'del', `${host}/32`, 'dev', 'lo'], { stdio: 'ignore' });
  } catch {
    // Not added, or removed before.
  }
}

/** Returns `127.x.y` of a block that no other cluster uses, so that runs side by side do not collide. */
export async function findFreeBlock(): Promise<string> {
  for (;;) {
    const block = `127.${randomInt(64, 250)}.${randomInt(0, 256)}`;
    if (!has(`${block}.11`) && (await isFree(`${block}.11`))) return block;
  }
}

function isFree(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(PROBED_PORT, host, () => server.close(() => resolve(true)));
  });
}

function has(host: string): boolean {
  const list = execFileSync('ip', ['-4', 'addr', 'show', 'dev', 'lo'], { encoding: 'utf8' });
  return list.includes(` ${host}/32 `);
}
