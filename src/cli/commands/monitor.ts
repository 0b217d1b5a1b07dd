/** `fdfs monitor`: the whole cluster, once or as a live table. */
import { healthLines } from '../cluster-tables.js';
import type { Context } from '../context.js';
import { EXIT, Interrupted } from '../exit.js';
import { localize } from '../language.js';
import { Screen } from '../screen.js';

const DEFAULT_INTERVAL_SECONDS = 5;

export async function monitor(
  context: Context,
  { watch, interval = DEFAULT_INTERVAL_SECONDS }: { watch?: boolean; interval?: number },
): Promise<number | undefined> {
  const admin = await context.admin();
  const { signal, paint } = context;
  if (!watch) {
    const health = await admin.health({ signal });
    context.print(health, healthLines(health, paint));
    return undefined;
  }
  const intervalMs = Math.max(1, Math.round(interval * 1000));
  const live = process.stdout.isTTY && !context.options.json;
  const screen = live ? new Screen(process.stdout) : undefined;
  const footer = ['', paint(localize('every {interval} s, Ctrl-C ends', { interval }), 'dim')];
  try {
    screen?.show([localize('Asking the trackers …'), ...footer]);
    for await (const health of admin.watch({ intervalMs, signal })) {
      const lines = healthLines(health, paint);
      if (screen) screen.show([...lines, ...footer]);
      else context.print(health, [...lines, '']);
    }
  } finally {
    screen?.[Symbol.dispose]();
  }
  // Ctrl-C is how a watch ends.
  if (signal.reason instanceof Interrupted) return EXIT.ok;
  signal.throwIfAborted();
  return undefined;
}
