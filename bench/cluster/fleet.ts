/**
 * How often processes of a fleet ask the trackers, reckoned by playing the rules of the location cache. Nothing is sent: this
 * is the arithmetic of "On paper" in README.md.
 */
import type { Row } from '../report.js';

interface Fleet {
  title: string;
  processes: number;
  storages: number;
  /** Of each process, a second. */
  uploads: number;
  downloads: number;
  /** Every download is of a file that was made in the second before. */
  fresh?: boolean;
}

const ASSUMED: Fleet = { title: 'as assumed', processes: 200, storages: 300, uploads: 100, downloads: 1000 };

const FLEETS: Fleet[] = [
  ASSUMED,
  { ...ASSUMED, title: '600 storages', storages: 600 },
  { ...ASSUMED, title: '1 upload, 10 downloads', uploads: 1, downloads: 10 },
  { ...ASSUMED, title: 'only files of the last second', fresh: true },
];

const TTL_SECONDS = 10;
const USES_PER_ANSWER = 64;
const READS = 500_000;

export function reckonFleets(): Row[] {
  return FLEETS.map((fleet) => {
    const { title, processes, storages, uploads, downloads } = fleet;
    const about = {
      uploads: processes * uploadQueries(uploads),
      downloads: processes * storages * readQueries(downloads / storages, fleet.fresh ?? false),
    };
    const queries = about.uploads + about.downloads;
    const operations = processes * (uploads + downloads);
    return {
      scenario: 'fleet',
      contender: title,
      figures: {
        'op/s': operations,
        'queries/s about uploads': about.uploads,
        'about downloads': about.downloads,
        'op/query': operations / queries,
      },
    };
  });
}

/** An answer serves for so many uploads or so long, whichever ends first; the next upload asks. */
function uploadQueries(rate: number): number {
  return Math.max(rate / USES_PER_ANSWER, 1 / (TTL_SECONDS + 1 / rate));
}

/** Reads of the files of one source, at random moments, of files of every age; an answer is good for older files. */
function readQueries(rate: number, fresh: boolean): number {
  let now = 0;
  let expires = 0;
  let asOf = 0;
  let queries = 0;
  for (let read = 0; read < READS; read++) {
    now -= Math.log(1 - Math.random()) / rate;
    const made = fresh ? Math.floor(now) : Math.random();
    if (now < expires && made <= asOf) continue;
    queries++;
    expires = now + TTL_SECONDS;
    asOf = made;
  }
  return queries / now;
}
