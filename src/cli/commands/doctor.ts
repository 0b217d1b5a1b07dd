/** `fdfs doctor`: every server as it is reached from this machine, and what to do. */
import type { DiagnosedStorage, DiagnosedTracker, Diagnosis } from '../../index.js';
import type { Context } from '../context.js';
import { localize, words } from '../language.js';
import type { Paint } from '../paint.js';
import { tableLines, terminalWidth } from '../table.js';
import { wrapText } from '../text.js';

/** Exit code 1 when something is wrong, 2 when no tracker or no storage can be reached. */
export async function doctor(context: Context): Promise<number> {
  const diagnosis = await (await context.admin()).diagnose({ signal: context.signal });
  context.print(diagnosis, diagnosisLines(diagnosis, context.paint));
  const { trackers, storages, problems } = diagnosis;
  const none = [trackers, storages].some((servers) => !servers.some(({ reachable }) => reachable));
  return none ? 2 : problems.length > 0 ? 1 : 0;
}

export function diagnosisLines({ trackers, storages, problems }: Diagnosis, paint: Paint): string[] {
  const verdict =
    problems.length === 0
      ? paint(localize('Nothing is wrong: all servers can be reached from here.'), 'green')
      : paint(
          problems.length === 1
            ? localize('1 problem:')
            : localize('{count} problems:', { count: problems.length }),
          'yellow',
        );
  return [
    ...trackerLines(trackers, paint),
    ...(storages.length > 0 ? ['', ...storageLines(storages, paint)] : []),
    '',
    verdict,
    ...problems.flatMap((problem, index) =>
      wrapText(`${index + 1}. ${words().translate(problem)}`, terminalWidth(), '   '),
    ),
  ];
}

function trackerLines(trackers: readonly DiagnosedTracker[], paint: Paint): string[] {
  return tableLines<DiagnosedTracker>(
    trackers,
    [
      { title: localize('TRACKER'), value: ({ address }) => address },
      ...mappedColumn(trackers.map(({ address, connectsTo }) => ({ announced: address, connectsTo }))),
      reachColumn(),
      {
        title: localize('CLOCK'),
        value: ({ clockSkewSeconds: skew }) =>
          skew === undefined ? localize('ok') : `${skew > 0 ? '+' : ''}${skew} s`,
      },
      {
        title: localize('ROLE'),
        value: ({ leader, error }) => (leader ? localize('leader') : error ? '–' : localize('follower')),
      },
    ],
    paint,
    terminalWidth(),
  );
}

function storageLines(storages: readonly DiagnosedStorage[], paint: Paint): string[] {
  return tableLines<DiagnosedStorage>(
    storages,
    [
      { title: localize('GROUP'), value: ({ group }) => group },
      { title: localize('STORAGE'), value: ({ announced }) => announced },
      ...mappedColumn(storages),
      reachColumn(),
      { title: localize('VERSION'), value: ({ version }) => version },
      {
        title: localize('TRACKERS SAY'),
        value: ({ states }) => [...new Set(Object.values(states))].join(', '),
      },
    ],
    paint,
    terminalWidth(),
  );
}

/** Where any address is mapped. */
function mappedColumn<Row extends { announced?: string; connectsTo: string }>(rows: readonly Row[]) {
  if (rows.every(({ announced, connectsTo }) => announced === connectsTo)) return [];
  return [{ title: localize('CONNECTS TO'), value: ({ connectsTo }: { connectsTo: string }) => connectsTo }];
}

function reachColumn<Row extends { reachable: boolean; latencyMs?: number }>() {
  return {
    title: localize('FROM HERE'),
    value: ({ reachable, latencyMs = 0 }: Row) =>
      reachable ? `${latencyMs.toFixed(1)} ms` : localize('unreachable'),
    style: ({ reachable }: Row) => (reachable ? undefined : ('red' as const)),
  };
}
