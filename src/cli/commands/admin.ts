/** `fdfs admin …`: changes of the cluster, after a confirmation. */
import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.js';
import { UsageError } from '../exit.js';

interface AdminFlags {
  yes?: boolean;
}

export async function deleteGroup(context: Context, group: string, flags: AdminFlags): Promise<void> {
  await confirm(context, `Remove group ${group} from all trackers`, flags);
  await (await context.admin()).deleteGroup(group, { signal: context.signal });
  context.print({ group, deleted: true }, `Group ${group} has been removed.`);
}

export async function deleteStorage(
  context: Context,
  group: string,
  storageId: string,
  flags: AdminFlags,
): Promise<void> {
  await confirm(context, `Remove storage ${storageId} of group ${group} from all trackers`, flags);
  await (await context.admin()).deleteStorage(group, storageId, { signal: context.signal });
  context.print(
    { group, storageId, deleted: true },
    `Storage ${storageId} of group ${group} has been removed.`,
  );
}

export async function setTrunk(
  context: Context,
  group: string,
  storageId: string | undefined,
  flags: AdminFlags,
): Promise<void> {
  const who =
    storageId === undefined
      ? 'Have the leader choose the trunk server'
      : `Make ${storageId} the trunk server`;
  await confirm(context, `${who} of group ${group}`, flags);
  const chosen = await (await context.admin()).setTrunkServer(group, storageId, { signal: context.signal });
  context.print({ group, trunkServer: chosen }, `The trunk server of group ${group} is ${chosen}.`);
}

/** @throws Error when the answer is not yes, UsageError without a terminal to ask on */
async function confirm({ signal }: Context, what: string, { yes }: AdminFlags): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError(
      `there is no terminal to ask on; pass --yes to ${what[0]!.toLowerCase()}${what.slice(1)}`,
    );
  }
  // The terminal itself edits the line and turns Ctrl-C into a signal.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const answer = await terminal.question(`${what}? [y/N] `, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new Error('not confirmed; nothing has been changed');
  } finally {
    terminal.close();
  }
}
