/** Text on a terminal: how wide it is. */
import stringWidth from 'string-width';

export { stringWidth };

/** Pads to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** Pads to `width` columns on the left. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Returns as much of the text as fits into `width` columns. */
export function cutToWidth(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
}

/** Keeps the end of a text, which in a path says most, with `…` for what is left out. */
export function keepEnd(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  const segments = [...graphemes.segment(text)].map(({ segment }) => segment);
  let kept = '';
  let used = 1;
  for (const segment of segments.reverse()) {
    used += stringWidth(segment);
    if (used > width) break;
    kept = segment + kept;
  }
  return `…${kept}`;
}

/** Breaks a text at its blanks into lines of `width` columns; all but the first begin with `indent`. */
export function wrapText(text: string, width: number, indent: string): string[] {
  if (stringWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stringWidth(longer) > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
