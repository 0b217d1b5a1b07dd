/** Commands that look at the cluster: their arguments and options. */
import { type Command, Option } from 'commander';
import type { Does } from '../does.js';
import { parseSeconds } from '../values.js';

export function defineClusterCommands(program: Command, does: Does): void {
  program
    .command('groups')
    .description('list the groups')
    .action(does(async () => (await import('../commands/cluster.js')).groups));

  program
    .command('storages [group]')
    .description('list the storages of a group, or of all')
    .action(does(async () => (await import('../commands/cluster.js')).storages));

  program
    .command('monitor')
    .description('trackers, groups and storages, and what is wrong with them')
    .option('--watch', 'look again and again')
    .addOption(
      new Option('--interval <seconds>', 'time between two looks (default 5; implies --watch)')
        .argParser(parseSeconds)
        .implies({ watch: true }),
    )
    .action(does(async () => (await import('../commands/monitor.js')).monitor));

  program
    .command('doctor')
    .description('connect to every server from here, and say what is wrong and what to do')
    .action(does(async () => (await import('../commands/doctor.js')).doctor));

  program
    .command('health')
    .description('one verdict; exit code 0 ok, 1 degraded, 2 down')
    .action(does(async () => (await import('../commands/cluster.js')).health));
}
