/** `#@function NAME`: computes the value of the line below it. Unknown functions leave the value unchanged. */

import type { Preprocessor } from './directives.js';
import { isPrivate } from './map-address.js';
import { configError, formatPlace, type Place } from './place.js';
import { atoi, trimBlanks } from './values.js';

const MAX_VALUES = 100;

/** @throws ArgumentError (`FASTDFS_CONFIG`) for the function that runs a command */
export function checkFunction(name: string, place: Place): void {
  if (name === 'SHELL_EXEC') {
    throw configError('"#@function SHELL_EXEC" would run a command, which this client does not do', place);
  }
}

/** Returns the values that the line gets: one, or several as if the line stood there several times. */
export function callFunction(name: string, value: string, place: Place, state: Preprocessor): string[] {
  if (name === 'REPLACE_VARS') return [replaceVariables(value, place, state)];
  if (name === 'LOCAL_IP_GET') return localAddresses(value, place, state);
  state.warnings.push(`${formatPlace(place)}: unknown function "${name}"; the value stays as written`);
  return [value];
}

function replaceVariables(value: string, place: Place, { variables, warnings }: Preprocessor): string {
  if (variables.size === 0) {
    warnings.push(`${formatPlace(place)}: no variable is set; the value stays as written`);
    return value;
  }
  return value.replace(/%\{([^}]*)\}/g, (_, inside: string) => {
    const name = trimBlanks(inside);
    const found = variables.get(name);
    if (found === undefined)
      warnings.push(`${formatPlace(place)}: variable "${name}" is not set; nothing is put in`);
    return found ?? '';
  });
}

/** `inner` or `outer`, optionally with an index: `outer[0]`; `[-1]` is the last one. Without an index: all. */
function localAddresses(value: string, place: Place, { host, warnings }: Preprocessor): string[] {
  const bracket = value.endsWith(']') ? value.indexOf('[') : -1;
  const kind = (bracket < 0 ? value : value.slice(0, bracket)).toLowerCase();
  const inner = kind === 'inner' || kind === 'private';
  const found = host
    .addresses()
    .filter((address) => isPrivate(address) === inner)
    .slice(0, MAX_VALUES);
  const index = bracket < 0 ? undefined : atoi(value.slice(bracket + 1));
  const chosen =
    index === undefined || index < -1 ? found : found.slice(index, index === -1 ? undefined : index + 1);
  if (chosen.length > 0) return chosen;
  warnings.push(`${formatPlace(place)}: this machine has no address for "${value}"; the value is empty`);
  return [''];
}
