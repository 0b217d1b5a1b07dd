/** Rows of figures: medians of the rounds, printed as a table. */

/** Figures by their unit, which is their name: `'op/s'`, `'MiB peak RSS'`. */
export type Figures = Record<string, number>;

export interface Row {
  /** Of the scenario. */
  scenario: string;
  contender: string;
  figures: Figures;
  /** Why there are none. */
  failed?: string;
}

/** The rounds of the contenders of one scenario, as they come. */
export class Rounds {
  readonly #figures = new Map<string, Figures[]>();
  readonly #failed = new Map<string, string>();

  /** Measures one round of one contender. Who has failed once is not asked again. */
  async add(contender: string, measure: () => Promise<Figures>): Promise<void> {
    if (this.#failed.has(contender)) return;
    try {
      const figures = await measure();
      this.#figures.set(contender, [...(this.#figures.get(contender) ?? []), figures]);
    } catch (error) {
      this.#failed.set(contender, (error as Error).message);
    }
  }

  rows(scenario: string): Row[] {
    const measured = [...this.#figures]
      .filter(([contender]) => !this.#failed.has(contender))
      .map(([contender, rounds]) => ({ scenario, contender, figures: medians(rounds) }));
    const failures = [...this.#failed].map(([contender, failed]) => ({
      scenario,
      contender,
      figures: {},
      failed,
    }));
    return [...measured, ...failures];
  }
}

/**
 * @param figure the one whose ratio is shown
 * @param against the contender whose figure is 1
 */
export function printTable(title: string, rows: Row[], figure?: string, against?: string): void {
  console.log(title);
  const base = rows.find(({ contender }) => contender === against)?.figures[figure!];
  for (const { contender, figures, failed } of rows) {
    const cells = Object.entries(figures).map(([unit, value]) => `${format(value).padStart(8)} ${unit}`);
    const value = figures[figure!];
    if (base && value !== undefined) cells.push(`${(value / base).toFixed(2).padStart(6)} ×`);
    console.log(`  ${contender.padEnd(30)}${failed ? `fails: ${failed}` : cells.join('  ')}`);
  }
  console.log();
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function format(value: number): string {
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 3);
}

function medians(rounds: Figures[]): Figures {
  const units = Object.keys(rounds[0]!);
  return Object.fromEntries(units.map((unit) => [unit, median(rounds.map((figures) => figures[unit]!))]));
}
