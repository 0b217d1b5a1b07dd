/** The figures of a soak: one row each, printed as they come and as one table at the end. */

export interface Row {
  proof: string;
  figure: string;
  ok: boolean;
}

const rows: Row[] = [];

export function row(proof: string, figure: string, ok = true): void {
  rows.push({ proof, figure, ok });
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${proof}: ${figure}`);
}

/** Shown in the table, and no success. */
export function skipped(proof: string, why: string): void {
  rows.push({ proof, figure: `skipped: ${why}`, ok: true });
  console.log(`skip   ${proof}: ${why}`);
}

/** @returns whether everything was right */
export function printTable(): boolean {
  console.log('\n| proof | figure |\n|---|---|');
  for (const { proof, figure, ok } of rows) console.log(`| ${proof} | ${ok ? '' : '**FAILED** '}${figure} |`);
  return rows.every(({ ok }) => ok);
}

export function ms(duration: number): string {
  return duration < 1000 ? `${Math.round(duration)} ms` : `${(duration / 1000).toFixed(1)} s`;
}

export function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export function count(number: number): string {
  return number.toLocaleString('en-US');
}
