/** `fdfs groups`, `fdfs storages` and `fdfs health`: one look, one answer. */
import type { Verdict } from '../../index.js';
import { groupLines, storageLines, verdictLines } from '../cluster-tables.js';
import type { Context } from '../context.js';
import { localize } from '../language.js';

const HEALTH_EXIT_CODES: Readonly<Record<Verdict, number>> = { ok: 0, degraded: 1, down: 2 };

export async function groups(context: Context): Promise<void> {
  const list = await (await context.admin()).listGroups({ signal: context.signal });
  context.print(
    list,
    list.length === 0 ? localize('The cluster has no group yet.') : groupLines(list, context.paint),
  );
}

export async function storages(context: Context, group: string | undefined): Promise<void> {
  const list = await context.listStorages(await context.admin(), group);
  context.print(
    list,
    list.length === 0 ? localize('There is no storage yet.') : storageLines(list, new Date(), context.paint),
  );
}

export async function health(context: Context): Promise<number> {
  const found = await (await context.admin()).health({ signal: context.signal });
  const { verdict, reasons, notes, checkedAt } = found;
  context.print({ verdict, reasons, notes, checkedAt }, verdictLines(found, context.paint));
  return HEALTH_EXIT_CODES[verdict];
}
