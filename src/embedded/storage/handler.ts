/** What a storage does with a request: the table of its commands and the rules that hold for all of them. */
import { HEADER_BYTES } from '../../core/protocol/constants.js';
import { CODE } from '../wire/command-codes.js';
import { type Connection, FIRST_BLOCK, type RequestHeader } from '../wire/connection.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { Handler, Reply } from '../wire/wire-server.js';
import { appendFile, modifyFile, regenerateAppenderFilename, truncateFile } from './changes.js';
import { fetchOnePathBinlog } from './listing.js';
import { getMetadata, setMetadata } from './metadata.js';
import { deleteFile, downloadFile, queryFileInfo } from './reads.js';
import type { StorageCommand, StorageContext } from './request.js';
import { uploadAppenderFile, uploadFile, uploadSlaveFile } from './uploads.js';

/** A length that, together with the header, is no longer a positive number. */
const OVERFLOW = 2 ** 63;

const activeTest: StorageCommand = {
  async run(_context, { length }) {
    refuseUnless(length === 0, STATUS.INVALID);
    return { status: STATUS.OK };
  },
};

const COMMANDS: ReadonlyMap<number, StorageCommand> = new Map<number, StorageCommand>([
  [CODE.UPLOAD_FILE, uploadFile],
  [CODE.UPLOAD_APPENDER_FILE, uploadAppenderFile],
  [CODE.UPLOAD_SLAVE_FILE, uploadSlaveFile],
  [CODE.APPEND_FILE, appendFile],
  [CODE.MODIFY_FILE, modifyFile],
  [CODE.TRUNCATE_FILE, truncateFile],
  [CODE.REGENERATE_APPENDER_FILENAME, regenerateAppenderFilename],
  [CODE.DELETE_FILE, deleteFile],
  [CODE.DOWNLOAD_FILE, downloadFile],
  [CODE.QUERY_FILE_INFO, queryFileInfo],
  [CODE.FETCH_ONE_PATH_BINLOG, fetchOnePathBinlog],
  [CODE.SET_METADATA, setMetadata],
  [CODE.GET_METADATA, getMetadata],
  [CODE.ACTIVE_TEST, activeTest],
]);

export class StorageHandler implements Handler {
  readonly #context: StorageContext;

  constructor(context: StorageContext) {
    this.#context = context;
  }

  /** A storage acts once its buffer is full or the request is there, whatever the command. */
  firstBytes({ length }: RequestHeader): number | undefined {
    if (length < 0 || length >= OVERFLOW) return undefined;
    return Math.min(length, FIRST_BLOCK - HEADER_BYTES);
  }

  async handle(header: RequestHeader, first: Buffer, connection: Connection): Promise<Reply> {
    const { command, length, status: flags } = header;
    const entry = COMMANDS.get(command);
    if (entry === undefined) throw new Refused(STATUS.INVALID);
    refuseUnless(entry.streams === true || length + HEADER_BYTES < FIRST_BLOCK, STATUS.INVALID);
    return entry.run(this.#context, { length, first, flags, connection });
  }

  closesAfter(status: number): boolean {
    return status === STATUS.INVALID;
  }
}
