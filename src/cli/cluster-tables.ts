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
    `The cluster is ${paint(verdict, VERDICT_STYLES[verdict])} ${paint(`(${formatDate(checkedAt)})`, 'dim')}`,
    ...reasons.flatMap((reason) => wrapText(`  - ${reason}`, terminalWidth(), '    ')),
    ...notes.flatMap((note) =>
      wrapText(`  note: ${note}`, terminalWidth(), '    ').map((line) => paint(line, 'dim')),
    ),
  ];
}

function trackerLines(trackers: readonly TrackerStatus[], paint: Paint): string[] {
  return tableLines<TrackerStatus>(
    trackers,
    [
      { title: 'TRACKER', value: ({ address }) => address },
      {
        title: 'STATUS',
        value: ({ reachable, leader, status }) => (reachable ? (leader ? 'leader' : status) : 'unreachable'),
        style: ({ reachable }) => (reachable ? undefined : 'red'),
      },
      {
        title: 'LATENCY',
        value: ({ latencyMs }) => (latencyMs === undefined ? UNKNOWN : `${latencyMs.toFixed(1)} ms`),
        right: true,
      },
      { title: 'UP FOR', value: ({ runningSeconds }) => duration(runningSeconds), right: true },
    ],
    paint,
    terminalWidth(),
  );
}

export function groupLines(groups: readonly GroupRecord[], paint: Paint): string[] {
  const trunk = groups.some(({ currentTrunkFileId }) => currentTrunkFileId !== undefined);
  const columns: Column<GroupRecord>[] = [
    { title: 'GROUP', value: ({ name }) => name },
    { title: 'STORAGES', value: ({ storageCount }) => String(storageCount), right: true },
    {
      title: 'READABLE',
      value: ({ readableCount, activeCount }) => count(readableCount ?? activeCount),
      right: true,
    },
    {
      title: 'WRITABLE',
      value: ({ writableCount, activeCount }) => count(writableCount ?? activeCount),
      right: true,
      style: ({ writableCount, activeCount }) => ((writableCount ?? activeCount) === 0 ? 'red' : undefined),
    },
    ...spaceColumns<GroupRecord>(),
    ...(trunk
      ? [
          {
            title: 'TRUNK FREE',
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
    { title: 'GROUP', value: ({ group }) => group },
    ...(withIds ? [{ title: 'STORAGE', value: ({ id }: StorageRecord) => id, spare: 1 }] : []),
    { title: 'ADDRESS', value: formatAddress },
    { title: 'STATUS', value: ({ status }) => status, style: ({ status }) => statusStyle(status) },
    {
      title: 'MODE',
      value: ({ rwMode, trunkServer }) => `${rwMode ?? UNKNOWN}${trunkServer ? ', trunk' : ''}`,
      spare: 9,
    },
    { title: 'VERSION', value: ({ version }) => version },
    ...spaceColumns<StorageRecord>(),
    { title: 'UPLOADS', value: ({ operations }) => String(operations.upload.success), right: true, spare: 7 },
    {
      title: 'DOWNLOADS',
      value: ({ operations }) => String(operations.download.success),
      right: true,
      spare: 6,
    },
    { title: 'CONNS', value: ({ connections }) => count(connections?.current), right: true, spare: 8 },
    {
      title: 'UP FOR',
      value: ({ status, upSince }) => since(status === 'ACTIVE' ? upSince : undefined),
      right: true,
      spare: 5,
    },
    { title: 'BEAT', value: ({ lastHeartbeat }) => since(lastHeartbeat), right: true, spare: 2 },
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
      title: 'FREE',
      value: ({ freeBytes }) => formatBytes(freeBytes),
      right: true,
      style: ({ availableBytes, totalBytes }) => (availableBytes === 0 && totalBytes > 0 ? 'red' : undefined),
    },
    { title: 'TOTAL', value: ({ totalBytes }) => formatBytes(totalBytes), right: true, spare: 4 },
    {
      title: 'USED',
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
