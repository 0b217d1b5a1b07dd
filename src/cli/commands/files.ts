/** `fdfs rm` and `fdfs stat` */
import type { FileStat } from '../../index.js';
import type { Context } from '../context.js';
import { EXIT, exitCodeOf } from '../exit.js';
import { formatBytes, formatCrc32, formatDate } from '../format.js';
import { fieldLines, type Paint } from '../table.js';

export async function remove(context: Context, fileIds: string[], flags: { force?: boolean }): Promise<void> {
  const client = await context.client();
  await context.each(fileIds, 'fileId', async (fileId) => {
    let deleted = true;
    try {
      await client.delete(fileId, { signal: context.signal });
    } catch (error) {
      if (!flags.force || exitCodeOf(error) !== EXIT.notFound) throw error;
      deleted = false;
    }
    context.print({ fileId, deleted }, []);
  });
}

export async function stat(
  context: Context,
  fileIds: string[],
  { server, crc = false }: { server?: boolean; crc?: boolean },
): Promise<void> {
  const client = await context.client();
  let printed = false;
  await context.each(fileIds, 'fileId', async (fileId) => {
    const options = { source: server ? ('server' as const) : ('auto' as const), crc32: crc };
    const told = await client.stat(fileId, { ...options, signal: context.signal });
    context.print(told, [...(printed ? [''] : []), ...statLines(told, context.paint)]);
    printed = true;
  });
}

function statLines(stat: FileStat, paint: Paint): string[] {
  const { size, createdAt, modifiedAt, crc32, sourceAddress, sourceId } = stat;
  const source = [sourceAddress, sourceId === undefined ? '' : `storage id ${sourceId}`].filter(Boolean);
  return fieldLines(
    [
      ['file id', stat.fileId],
      ['kind', stat.kind],
      ['size', size < 1000 ? formatBytes(size) : `${formatBytes(size)} (${size} bytes)`],
      ['created', formatDate(createdAt)],
      ['modified', modifiedAt && formatDate(modifiedAt)],
      ['crc32', crc32 === undefined ? undefined : formatCrc32(crc32)],
      ['source', source.join(', ')],
      ['told by', stat.from === 'id' ? 'the file id' : 'the server'],
    ],
    paint,
  );
}
