/** A bar on a terminal for what takes longer than a second. It reads how far the work is; the work does not know of it. */

import { escapeControls } from './escape.js';
import { formatBytes, formatClock } from './format.js';
import { localize } from './language.js';
import { cutToWidth, keepEnd } from './text.js';

export interface Measure {
  readonly done: number;
  /** Where it is known. */
  readonly total?: number | undefined;
  /** What is counted. Default: bytes. */
  readonly unit?: 'files' | undefined;
}

const SHOW_AFTER_MS = 1000;
const REDRAW_MS = 100;
/** The speed is that of the last three seconds. */
const SPEED_SAMPLES = 30;
const BAR_CHARS = 24;
const LABEL_COLUMNS = 32;

/** Shows `measure()` beside the label until the work is done, then takes the line away again. */
export async function withProgress<T>(
  stream: NodeJS.WriteStream,
  label: string,
  measure: () => Measure,
  work: Promise<T>,
): Promise<T> {
  const started = performance.now();
  const samples: Array<{ at: number; done: number }> = [];
  let shown = false;
  const timer = setInterval(() => {
    const at = performance.now();
    const { done, total, unit } = measure();
    samples.push({ at, done });
    if (samples.length > SPEED_SAMPLES) samples.shift();
    if (at - started < SHOW_AFTER_MS) return;
    const first = samples[0]!;
    const speed = at > first.at ? ((done - first.done) / (at - first.at)) * 1000 : 0;
    const parts = progressParts(done, total, speed, (at - started) / 1000, unit);
    const line = [keepEnd(escapeControls(label), LABEL_COLUMNS), ...parts].join('  ');
    stream.write(`\r${cutToWidth(line, Math.max(10, (stream.columns || 80) - 1))}\x1b[K`);
    shown = true;
  }, REDRAW_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (shown) stream.write('\r\x1b[K');
  }
}

/** Without a total there is no end to count down to. */
export function progressParts(
  done: number,
  total: number | undefined,
  speed: number,
  seconds: number,
  unit?: 'files',
): string[] {
  const format = unit
    ? (value: number) => localize('{count} files', { count: Math.round(value) })
    : formatBytes;
  const rate = `${format(speed)}/s`.padStart(11);
  if (!total) return [format(done).padStart(9), rate, formatClock(seconds)];
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR_CHARS);
  return [
    `[${'#'.repeat(filled)}${'-'.repeat(BAR_CHARS - filled)}]`,
    `${Math.floor(share * 100)}%`.padStart(4),
    localize('{done} of {total}', { done: format(done), total: format(total) }),
    rate,
    speed > 0 ? localize('{time} left', { time: formatClock((total - done) / speed) }) : localize('waiting'),
  ];
}
