/** How a definition names the function that a command runs. */
import type { Context } from './context.js';

/** A command's function: gets its arguments, then its options. A number that it returns is the exit code. */
export type Action<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<unknown>;

/** Returns commander's action for a function that is imported when the command runs. */
export type Does = <Args extends unknown[]>(
  load: () => Promise<Action<Args>>,
) => (...all: unknown[]) => Promise<void>;
