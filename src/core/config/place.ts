/** Positions in configuration files, and the error that configurations raise. */
import { ArgumentError } from '../base/errors.js';

export interface Place {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Returns `file:line`, as editors and compilers write it. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}`;
}

export function configError(message: string, place?: Place, cause?: unknown): ArgumentError {
  return new ArgumentError(place ? `${formatPlace(place)}: ${message}` : message, {
    code: 'FASTDFS_CONFIG',
    cause,
  });
}

/** Runs a check whose errors then name the place in the configuration. */
export function atPlace<T>(place: Place, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof ArgumentError) throw configError(error.message, place, error);
    throw error;
  }
}
