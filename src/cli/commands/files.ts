/** `fdfs rm`, `fdfs stat`, `fdfs locate` and `fdfs copy` */
import { type FileStat, formatAddress, type Progress } from '../../index.js';
import type { Context } from '../context.js';
import { EXIT, exitCodeFor } from '../exit.js';
import { expandFileIds } from '../file-ids.js';
import { formatBytes, formatCrc32, formatDate } from '../format.js';
import { localize } from '../language.js';
import { STDIN } from '../local-files.js';
import type { Paint } from '../paint.js';
import { fieldLines } from '../table.js';

const byId = (fileId: string) => ({ fileId });

export async function remove(
  context: Context,
  fileIds: string[],
  flags: { force?: boolean; jobs?: number },
): Promise<void> {
  const client = await context.client();
  await context.each(
    expandFileIds(fileIds),
    byId,
    async (fileId) => {
      let deleted = true;
      try {
        await client.delete(fileId, { signal: context.signal });
      } catch (error) {
        if (!flags.force || exitCodeFor(error) !== EXIT.notFound) throw error;
        deleted = false;
      }
      return () => context.print({ fileId, deleted }, []);
    },
    // Many come from standard input; few are removed in the order given.
    { jobs: flags.jobs ?? (fileIds.includes(STDIN) ? 4 : 1) },
  );
}

export async function stat(
  context: Context,
  fileIds: string[],
  { server, crc = false }: { server?: boolean; crc?: boolean },
): Promise<void> {
  const client = await context.client();
  let printed = false;
  await context.each(expandFileIds(fileIds), byId, async (fileId) => {
    const options = { source: server ? ('server' as const) : ('auto' as const), crc32: crc };
    const found = await client.stat(fileId, { ...options, signal: context.signal });
    return () => {
      context.print(found, [...(printed ? [''] : []), ...statLines(found, context.paint)]);
      printed = true;
    };
  });
}

export async function locate(
  context: Context,
  fileIds: string[],
  { update }: { update?: boolean },
): Promise<void> {
  const client = await context.client();
  const purpose = update ? 'update' : 'read';
  const several = fileIds.length > 1;
  await context.each(expandFileIds(fileIds), byId, async (fileId) => {
    const storages = await client.locate(fileId, { for: purpose, signal: context.signal });
    const names = storages.map(formatAddress);
    return () =>
      context.print({ fileId, storages: names }, several ? names.map((name) => `${fileId}\t${name}`) : names);
  });
}

/** Copies through this machine, with the metadata; the copy is an ordinary file. */
export async function copy(context: Context, fileId: string, { group }: { group?: string }): Promise<void> {
  const client = await context.client();
  const { signal } = context;
  let done = 0;
  let total: number | undefined;
  const onProgress = (progress: Progress) => {
    done = progress.transferred;
    total = progress.total;
  };
  const copying = client.copy(fileId, { group, signal, onProgress });
  const result = await context.progress(fileId, () => ({ done, total }), copying);
  context.printKept({ source: fileId, ...result }, result.fileId);
}

function statLines(stat: FileStat, paint: Paint): string[] {
  const { size, createdAt, modifiedAt, crc32, sourceAddress, sourceId } = stat;
  const source = [
    sourceAddress,
    sourceId === undefined ? '' : localize('storage id {id}', { id: sourceId }),
  ].filter(Boolean);
  return fieldLines(
    [
      [localize('file id'), stat.fileId],
      [localize('kind'), localize(stat.kind)],
      [
        localize('size'),
        size < 1000
          ? formatBytes(size)
          : localize('{size} ({bytes} bytes)', { size: formatBytes(size), bytes: size }),
      ],
      [localize('created'), formatDate(createdAt)],
      [localize('modified'), modifiedAt && formatDate(modifiedAt)],
      ['crc32', crc32 === undefined ? undefined : formatCrc32(crc32)],
      [localize('source'), source.join(', ')],
      [localize('read from'), stat.from === 'id' ? localize('the file id') : localize('the server')],
    ],
    paint,
  );
}
