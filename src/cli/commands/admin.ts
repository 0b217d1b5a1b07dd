/** `fdfs admin …`: changes of the cluster, after a confirmation. */
import { createInterface } from 'node:readline/promises';
import type { Context } from '../context.js';
import { CliError, UsageError } from '../exit.js';
import { localize, words } from '../language.js';
import { type Message, message } from '../words.js';

interface AdminFlags {
  yes?: boolean;
}

export async function deleteGroup(context: Context, group: string, flags: AdminFlags): Promise<void> {
  await confirm(context, message('Remove group {group} from all trackers', { group }), flags);
  await (await context.admin()).deleteGroup(group, { signal: context.signal });
  context.print({ group, deleted: true }, localize('Group {group} has been removed.', { group }));
}

export async function deleteStorage(
  context: Context,
  group: string,
  storageId: string,
  flags: AdminFlags,
): Promise<void> {
  await confirm(
    context,
    message('Remove storage {storage} of group {group} from all trackers', { storage: storageId, group }),
    flags,
  );
  await (await context.admin()).deleteStorage(group, storageId, { signal: context.signal });
  context.print(
    { group, storageId, deleted: true },
    localize('Storage {storage} of group {group} has been removed.', { storage: storageId, group }),
  );
}

export async function setTrunk(
  context: Context,
  group: string,
  storageId: string | undefined,
  flags: AdminFlags,
): Promise<void> {
  const action =
    storageId === undefined
      ? message('Have the leader choose the trunk server of group {group}', { group })
      : message('Make {storage} the trunk server of group {group}', { storage: storageId, group });
  await confirm(context, action, flags);
  const chosen = await (await context.admin()).setTrunkServer(group, storageId, { signal: context.signal });
  context.print(
    { group, trunkServer: chosen },
    localize('The trunk server of group {group} is {storage}.', { group, storage: chosen }),
  );
}

/** @throws Error when the answer is not yes, UsageError without a terminal to ask on */
async function confirm({ signal }: Context, action: Message, { yes }: AdminFlags): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new UsageError('there is no terminal to ask on; pass --yes to do this: {action}', { action });
  }
  // The terminal itself edits the line and turns Ctrl-C into a signal.
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const question = words().say(message('{action}? [y/N] ', { action }));
    const answer = await terminal.question(question, { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('not confirmed; nothing has been changed');
  } finally {
    terminal.close();
  }
}
