/** Text in columns. */
import { escapeControls } from './escape.js';
import type { Paint, Style } from './paint.js';
import { padEnd, padStart, stringWidth } from './text.js';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers are easier to compare that way. */
  readonly right?: boolean;
  readonly style?: (row: Row) => Style | undefined;
  /** Columns with a number are left out where the terminal is too narrow, the highest first. */
  readonly spare?: number;
}

const GAP = '  ';

/**
 * Returns a head and a line for each row, the columns aligned.
 * @param width columns of the terminal; spare columns that do not fit are left out
 */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
  width = Number.POSITIVE_INFINITY,
): string[] {
  const laidOut = columns.map((column) => {
    const cells = rows.map((row) => escapeControls(column.value(row)));
    return { column, cells, width: Math.max(...[column.title, ...cells].map((text) => stringWidth(text))) };
  });
  const kept = fitColumns(laidOut, width);
  const padded = (text: string, at: number) => {
    const { column, width } = kept[at]!;
    if (column.right) return padStart(text, width);
    return at === kept.length - 1 ? text : padEnd(text, width);
  };
  return [
    paint(kept.map(({ column }, at) => padded(column.title, at)).join(GAP), 'dim'),
    ...rows.map((row, index) =>
      kept.map(({ column, cells }, at) => paint(padded(cells[index]!, at), column.style?.(row))).join(GAP),
    ),
  ];
}

function fitColumns<Each extends { column: { spare?: number }; width: number }>(
  columns: readonly Each[],
  width: number,
): readonly Each[] {
  const needed = columns.reduce((sum, each) => sum + each.width + GAP.length, -GAP.length);
  if (needed <= width) return columns;
  const spare = Math.max(...columns.map(({ column }) => column.spare ?? 0));
  if (spare === 0) return columns;
  const dropped = columns.findLastIndex(({ column }) => column.spare === spare);
  return fitColumns(
    columns.filter((_, at) => at !== dropped),
    width,
  );
}

/** `name:  value` lines, the values aligned. */
export function fieldLines(
  fields: ReadonlyArray<readonly [string, string | undefined]>,
  paint: Paint,
): string[] {
  const given = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...given.map(([name]) => stringWidth(name))) + 1;
  return given.map(([name, value]) => `${paint(padEnd(`${name}:`, width), 'dim')} ${escapeControls(value!)}`);
}

/** Columns of standard output, where it is a terminal. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
}
