/** Results that must not be lost: what standard output did not take is written to standard error at the end. */

const unwritten = new Set<{ readonly line: string }>();

/** Writes a line to standard output, and remembers it until the system has taken it. */
export function writeKept(line: string): void {
  const kept = { line };
  unwritten.add(kept);
  process.stdout.write(`${line}\n`, (error) => {
    if (!error) unwritten.delete(kept);
  });
}

/** Returns the lines that were lost, in the order in which they were written. */
export function takeUnwritten(): string[] {
  const lines = [...unwritten].map(({ line }) => line);
  unwritten.clear();
  return lines;
}
