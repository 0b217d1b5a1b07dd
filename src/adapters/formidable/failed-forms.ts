/**
 * Recognizes the files of forms that have failed. Formidable reads on through the data at hand after a form has failed, say
 * over `maxFiles`, and opens the files in it; nothing it passes says which form they belong to. All of this happens in one run
 * of asynchronous calls, which an AsyncLocalStorage follows: from where formidable destroys a writer, or ends one that is
 * destroyed, to where it opens the next.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate } from 'node:timers';

interface Scope {
  active: boolean;
}

const scopes = new AsyncLocalStorage<Scope>();
let active = 0;

/** Marks what follows from here, within this turn of the event loop, as the work of a form that has failed. */
export function enterFailedForm(): void {
  if (isInFailedForm()) return;
  const scope = { active: true };
  active += 1;
  scopes.enterWith(scope);
  // The store may stay with the connection, whose next request has done nothing wrong.
  setImmediate(() => {
    scope.active = false;
    active -= 1;
    if (active === 0) scopes.disable();
  });
}

/** Returns true while formidable works on a form that has failed. */
export function isInFailedForm(): boolean {
  return scopes.getStore()?.active === true;
}
