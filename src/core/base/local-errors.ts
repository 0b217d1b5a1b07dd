/** Errors of local files, as Node itself makes them. */

/** Returns the EISDIR error for a folder where a file is expected. */
export function createDirectoryError(path: string, syscall: 'open' | 'read'): NodeJS.ErrnoException {
  const error = new Error(`EISDIR: illegal operation on a directory, ${syscall} '${path}'`);
  return Object.assign(error, { code: 'EISDIR', errno: -21, syscall, path });
}
