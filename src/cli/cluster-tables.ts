/** Trackers, groups and storages as tables. */
import {
  type ClusterHealth,
  formatAddress,
  type GroupRecord,
  type StorageRecord,
  type TrackerStatus,
  type Verdict,
} from '../index.js';
import { formatBytes, formatDate, formatDuration, formatPercent } from './format.js';
import { localize, words } from './language.js';
import type { Paint, Style } from './paint.js';
import { type Column, tableLines, terminalWidth } from './table.js';
import { wrapText } from './text.js';

const UNKNOWN = '–';
const VERDICT_STYLES: Readonly<Record<Verdict, Style>> = { ok: 'green', degraded: 'yellow', down: 'red' };

/** Everything of one look at the cluster. */
export function healthLines(health: ClusterHealth, paint: Paint): string[] {
  const { trackers, groups, checkedAt } = health;
  const storages = groups.flatMap((group) => group.storages);
  const tables = [
    trackers.length > 0 ? trackerLines(trackers, paint) : [],
    groups.length > 0 ? groupLines(groups, paint) : [],
    storages.length > 0 ? storageLines(storages, checkedAt, paint) : [],
  ];
  return [
    ...verdictLines(health, paint),
    ...tables.filter((lines) => lines.length > 0).flatMap((lines) => ['', ...lines]),
  ];
}

export function verdictLines({ verdict, reasons, notes, checkedAt }: ClusterHealth, paint: Paint): string[] {
  return [
    localize('The cluster is {verdict} {time}', {
      verdict: paint(localize(verdict), VERDICT_STYLES[verdict]),
      time: paint(`(${formatDate(checkedAt)})`, 'dim'),
    }),
    ...reasons.flatMap((reason) => wrapText(`  - ${words().translate(reason)}`, terminalWidth(), '    ')),
    ...notes
      .map((note) => localize('note: {note}', { note: words().translate(note) }))
      .flatMap((note) => wrapText(`  ${note}`, terminalWidth(), '    '))
      .map((line) => paint(line, 'dim')),
  ];
}

function trackerLines(trackers: readonly TrackerStatus[], paint: Paint): string[] {
  return tableLines<TrackerStatus>(
    trackers,
    [
      { title: localize('TRACKER'), value: ({ address }) => address },
      {
        title: localize('STATUS'),
        value: ({ reachable, leader, status }) =>
          reachable ? (leader ? localize('leader') : words().translate(status)) : localize('unreachable'),
        style: ({ reachable }) => (reachable ? undefined : 'red'),
      },
      {
        title: localize('LATENCY'),
        value: ({ latencyMs }) => (latencyMs === undefined ? UNKNOWN : `${latencyMs.toFixed(1)} ms`),
        right: true,
      },
      { title: localize('UP FOR'), value: ({ runningSeconds }) => duration(runningSeconds), right: true },
    ],
    paint,
    terminalWidth(),
  );
}

export function groupLines(groups: readonly GroupRecord[], paint: Paint): string[] {
  const trunk = groups.some(({ currentTrunkFileId }) => currentTrunkFileId !== undefined);
  const columns: Column<GroupRecord>[] = [
    { title: localize('GROUP'), value: ({ name }) => name },
    { title: localize('STORAGES'), value: ({ storageCount }) => String(storageCount), right: true },
    {
      title: localize('READABLE'),
      value: ({ readableCount, activeCount }) => count(readableCount ?? activeCount),
      right: true,
    },
    {
      title: localize('WRITABLE'),
      value: ({ writableCount, activeCount }) => count(writableCount ?? activeCount),
      right: true,
      style: ({ writableCount, activeCount }) => ((writableCount ?? activeCount) === 0 ? 'red' : undefined),
    },
    ...spaceColumns<GroupRecord>(),
    ...(trunk
      ? [
          {
            title: localize('TRUNK FREE'),
            value: (group: GroupRecord) => formatBytes(group.trunkFreeBytes),
            right: true,
          },
        ]
      : []),
  ];
  return tableLines(groups, columns, paint, terminalWidth());
}

export function storageLines(storages: readonly StorageRecord[], now: Date, paint: Paint): string[] {
  const withIds = storages.some(({ id, host }) => id !== host);
  const since = (date: Date | undefined) => duration(date && (now.getTime() - date.getTime()) / 1000);
  const columns: Column<StorageRecord>[] = [
    { title: localize('GROUP'), value: ({ group }) => group },
    ...(withIds ? [{ title: localize('STORAGE'), value: ({ id }: StorageRecord) => id, spare: 1 }] : []),
    { title: localize('ADDRESS'), value: formatAddress },
    { title: localize('STATUS'), value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
    {
      title: localize('MODE'),
      value: ({ rwMode, trunkServer }) => {
        const mode = rwMode === undefined ? UNKNOWN : localize(rwMode);
        return trunkServer ? localize('{mode}, trunk', { mode }) : mode;
      },
      spare: 9,
    },
    { title: localize('VERSION'), value: ({ version }) => version },
    ...spaceColumns<StorageRecord>(),
    {
      title: localize('UPLOADS'),
      value: ({ operations }) => String(operations.upload.success),
      right: true,
      spare: 7,
    },
    {
      title: localize('DOWNLOADS'),
      value: ({ operations }) => String(operations.download.success),
      right: true,
      spare: 6,
    },
    {
      title: localize('CONNS'),
      value: ({ connections }) => count(connections?.current),
      right: true,
      spare: 8,
    },
    {
      title: localize('UP FOR'),
      value: ({ status, upSince }) => since(status === 'ACTIVE' ? upSince : undefined),
      right: true,
      spare: 5,
    },
    { title: localize('BEAT'), value: ({ lastHeartbeat }) => since(lastHeartbeat), right: true, spare: 2 },
  ];
  return tableLines(storages, columns, paint, terminalWidth());
}

interface Space {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly reservedBytes?: number;
  readonly availableBytes?: number;
}

function spaceColumns<Row extends Space>(): Column<Row>[] {
  return [
    {
      title: localize('FREE'),
      value: ({ freeBytes }) => formatBytes(freeBytes),
      right: true,
      style: ({ availableBytes, totalBytes }) => (availableBytes === 0 && totalBytes > 0 ? 'red' : undefined),
    },
    { title: localize('TOTAL'), value: ({ totalBytes }) => formatBytes(totalBytes), right: true, spare: 4 },
    {
      title: localize('USED'),
      value: ({ totalBytes, freeBytes }) => formatPercent(totalBytes - freeBytes, totalBytes),
      right: true,
      spare: 3,
    },
  ];
}

function statusStyle(status: string): Style {
  if (status === 'ACTIVE') return 'green';
  return status === 'DELETED' ? 'dim' : status === 'OFFLINE' ? 'red' : 'yellow';
}

function duration(seconds: number | undefined): string {
  return seconds === undefined ? UNKNOWN : formatDuration(seconds);
}

function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : String(value);
}
