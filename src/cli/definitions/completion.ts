/** `fdfs completion`: its argument. */
import { Argument, type Command } from 'commander';
import type { Context } from '../context.js';
import type { Does } from '../does.js';
import { COMPLETION_EXAMPLES } from '../help-texts.js';
import { helpText } from '../language.js';

export function defineCompletionCommand(program: Command, does: Does): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .description('print a script that completes commands and options')
    .addHelpText('after', helpText(COMPLETION_EXAMPLES))
    .action(
      does(async () => {
        const { completionScript } = await import('../commands/completion.js');
        return async (context: Context, shell: 'bash' | 'zsh' | 'fish') => {
          const script = completionScript(program, shell);
          context.print({ shell, script }, script.trimEnd());
        };
      }),
    );
}
