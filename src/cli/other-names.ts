/** Names that other programs have for commands of this one. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  put: 'upload',
  get: 'download',
  cat: 'download <fileId> -',
  delete: 'rm',
  del: 'rm',
  remove: 'rm',
  info: 'stat',
  head: 'stat',
  list: 'ls',
  dir: 'ls',
  cp: 'copy',
  locations: 'locate',
  where: 'locate',
  diff: 'verify',
  status: 'health',
  check: 'doctor',
  diagnose: 'doctor',
  serve: 'dev',
  server: 'dev',
  start: 'dev',
};

/** Returns the command that is called `name` elsewhere. */
export function commandMeant(name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined;
}
