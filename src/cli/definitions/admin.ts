/** Commands that change the cluster: their arguments and options. */
import type { Command } from 'commander';
import type { Does } from '../does.js';

export function defineAdminCommands(program: Command, does: Does): void {
  const admin = program.command('admin').description('change the cluster');
  const yes = ['-y, --yes', 'do not ask'] as const;
  admin
    .command('delete-group <group>')
    .description('remove a group that has no storage left')
    .option(...yes)
    .action(does(async () => (await import('../commands/admin.js')).deleteGroup));
  admin
    .command('delete-storage <group> <storageId>')
    .description('remove a storage that has been stopped')
    .option(...yes)
    .action(does(async () => (await import('../commands/admin.js')).deleteStorage));
  admin
    .command('set-trunk <group> [storageId]')
    .description('make a storage the trunk server of its group (default: the leader chooses)')
    .option(...yes)
    .action(does(async () => (await import('../commands/admin.js')).setTrunk));
}
