/** Colours on a terminal. */

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof STYLES;
export type Paint = (text: string, style: Style | undefined) => string;

/** Colours where the stream is a terminal that has some; `NO_COLOR` and the like turn them off. */
export function painter(stream: NodeJS.WriteStream): Paint {
  if (!stream.isTTY || !stream.hasColors()) return (text) => text;
  return (text, style) => (style === undefined ? text : `\x1b[${STYLES[style]}m${text}\x1b[0m`);
}
