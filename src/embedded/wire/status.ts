/** Status bytes that the servers answer with (Linux errno values), and the one way to refuse a request. */
export const STATUS = {
  OK: 0,
  NOT_FOUND: 2,
  IO: 5,
  NO_ACCESS: 13,
  BAD_ADDRESS: 14,
  BUSY: 16,
  EXISTS: 17,
  IS_DIRECTORY: 21,
  INVALID: 22,
  NO_SPACE: 28,
  NAME_TOO_LONG: 36,
  NO_NETWORK: 64,
  NOT_SUPPORTED: 95,
  ALREADY: 114,
} as const;

/** Thrown by a request handler: the reply has this status and no body. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`Refused with status ${status}`);
    this.name = 'Refused';
    this.status = status;
  }
}

/** @throws Refused with this status, unless the condition holds */
export function refuseUnless(condition: boolean, status: number): asserts condition {
  if (!condition) throw new Refused(status);
}

/** Errors of the file system whose names differ from what a storage answers. */
const BY_CODE: Record<string, number> = {
  ENOENT: STATUS.NOT_FOUND,
  ENOTDIR: STATUS.NOT_FOUND,
  EEXIST: STATUS.EXISTS,
  EISDIR: STATUS.IS_DIRECTORY,
  EPERM: STATUS.IS_DIRECTORY,
  ENOSPC: STATUS.NO_SPACE,
  EDQUOT: STATUS.NO_SPACE,
  EFBIG: STATUS.INVALID,
  EINVAL: STATUS.INVALID,
  ERR_OUT_OF_RANGE: STATUS.INVALID,
  ENAMETOOLONG: STATUS.NAME_TOO_LONG,
};

/** Returns the status byte for an error that a handler threw. The numbers are Linux's on every platform. */
export function readStatus(error: unknown): number {
  if (error instanceof Refused) return error.status;
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return (code !== undefined ? BY_CODE[code] : undefined) ?? STATUS.IO;
}
