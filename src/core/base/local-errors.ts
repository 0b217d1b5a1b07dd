/** Errors of local files, as Node itself tells them. */

/** EISDIR, found out before anything is sent. */
export function isDirectory(path: string, syscall: 'open' | 'read'): NodeJS.ErrnoException {
  const error = new Error(`EISDIR: illegal operation on a directory, ${syscall} '${path}'`);
  return Object.assign(error, { code: 'EISDIR', errno: -21, syscall, path });
}
