/** Text in columns and in colours. */

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof STYLES;
export type Paint = (text: string, style: Style | undefined) => string;

/** Colours where the stream is a terminal that has some; `NO_COLOR` and the like turn them off. */
export function painter(stream: NodeJS.WriteStream): Paint {
  if (!stream.isTTY || !stream.hasColors()) return (text) => text;
  return (text, style) => (style === undefined ? text : `\x1b[${STYLES[style]}m${text}\x1b[0m`);
}

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers are easier to compare that way. */
  readonly right?: boolean;
  readonly style?: (row: Row) => Style | undefined;
}

/** A head and a line for each row, the columns aligned. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => value(row)));
  const widths = columns.map(({ title }, at) =>
    Math.max(title.length, ...cells.map((line) => line[at]!.length)),
  );
  const padded = (text: string, at: number) => {
    if (columns[at]!.right) return text.padStart(widths[at]!);
    return at === columns.length - 1 ? text : text.padEnd(widths[at]!);
  };
  return [
    paint(columns.map(({ title }, at) => padded(title, at)).join('  '), 'dim'),
    ...rows.map((row, index) =>
      columns.map(({ style }, at) => paint(padded(cells[index]![at]!, at), style?.(row))).join('  '),
    ),
  ];
}

/** `name:  value` lines, the values aligned. */
export function fieldLines(
  fields: ReadonlyArray<readonly [string, string | undefined]>,
  paint: Paint,
): string[] {
  const given = fields.filter(([, value]) => value !== undefined);
  const width = Math.max(0, ...given.map(([name]) => name.length)) + 1;
  return given.map(([name, value]) => `${paint(`${name}:`.padEnd(width), 'dim')} ${value}`);
}
