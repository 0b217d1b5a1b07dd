/** What the options of admin calls may be. */
import { type Checks, signalOption, stringOption } from '../core/base/validate.js';
import type { AdminOptions, ListStoragesOptions } from './types.js';

export const adminChecks: Checks<AdminOptions> = { tracker: stringOption, signal: signalOption };

export const listStoragesChecks: Checks<ListStoragesOptions> = { ...adminChecks, storage: stringOption };
