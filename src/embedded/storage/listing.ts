/** FETCH_ONE_PATH_BINLOG: what the binlog holds of one store path, as text. The real server made it for disk recovery. */
import { GROUP_BYTES } from '../../core/model/limits.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import { readStorePath } from './file-names.js';
import { checkGroupField, type StorageCommand, type StorageContext } from './request.js';
import { decodeSlot } from './trunk-slots.js';

/** Stands for "without end": the length of the text is at its end. */
const ENDLESS = 2 ** 58;

/** group 16, store path 1 → lines `seconds op name`, then their length 8; then the storage closes */
export const fetchOnePathBinlog: StorageCommand = {
  async run(context, { first, length }) {
    refuseUnless(length === GROUP_BYTES + 1, STATUS.INVALID);
    checkGroupField(context, first, 0);
    const storePath = first.readInt8(GROUP_BYTES);
    refuseUnless(storePath >= 0 && storePath < context.model.options.storePaths, STATUS.INVALID);
    return {
      status: STATUS.OK,
      length: ENDLESS,
      endless: true,
      async pump(send) {
        let sent = 0;
        for await (const lines of context.node.binlog.lines()) {
          const text = Buffer.from(
            lines.map((line) => listLine(context, storePath, line)).join(''),
            'latin1',
          );
          if (text.length === 0) continue;
          sent += text.length;
          await send(text, false);
        }
        const end = Buffer.alloc(8);
        end.writeBigInt64BE(BigInt(sent));
        await send(end, true);
      },
    } satisfies Reply;
  },
};

/** Returns the line for a file that was made and still exists, else ''. Trunk files are listed unchecked. */
function listLine({ node, model }: StorageContext, storePath: number, line: string): string {
  const [at = '', operation = '', name = ''] = line.split(' ');
  if (!/^[CRcr]$/.test(operation) || readStorePath(name) !== storePath) return '';
  if (!isFlushed(Number(at), node.upSince * 1000, model.options.binlogFlushMs)) return '';
  if (!decodeSlot(name) && !node.store.exists(name)) return '';
  const letter = operation === 'R' ? 'C' : operation.replace('r', 'c');
  return `${Math.floor(Number(at) / 1000)} ${letter} ${name}\n`;
}

/** Whether the storage, which writes its binlog at regular times, has written a record of that time. */
function isFlushed(at: number, started: number, intervalMs: number): boolean {
  if (intervalMs === 0) return true;
  const countTicks = (time: number) => Math.floor((time - started) / intervalMs);
  return countTicks(at) < countTicks(Date.now());
}
