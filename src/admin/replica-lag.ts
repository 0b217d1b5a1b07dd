/**
 * Whether replicas fall behind. A storage reports up to which time it has the changes of the others, and that time moves only
 * when a change is applied: in an idle cluster, or after a file that was uploaded and deleted at once, the newest change looks
 * older than it is at every replica that has nothing to apply. So a difference alone is a note. Evidence is a storage that
 * applies nothing over several looks while content that stays is added at the others.
 */
import type { StorageRecord } from '../core/protocol/records.js';

/** Two heart-beats of a default installation: so long a storage may take to report what it has. */
const REPORT_SECONDS = 60;
/** Looks at a storage without progress before it counts as stuck. */
const MIN_LOOKS = 3;

/** What one storage was like when it was first seen behind, or last made progress. */
interface Episode {
  readonly lastSynced: number;
  readonly bytesIn: number;
  readonly newest: number;
  /** Changes at the others that stay, since those storages were set up. */
  readonly added: number;
  /** By the clock of the trackers. */
  readonly since: number;
  looks: number;
  /** Whether the look before this one saw more content at the others than the first. */
  grewBefore: boolean;
}

export interface LagFindings {
  /** What is wrong. */
  readonly reasons: string[];
  /** What may be normal. */
  readonly notes: string[];
}

/** Remembers what earlier looks at the replicas of one cluster saw. */
export class ReplicaLag {
  readonly #episodes = new Map<string, Episode>();

  /** @param limitSeconds lag up to this is normal */
  check(storage: StorageRecord, storages: readonly StorageRecord[], limitSeconds: number): LagFindings {
    const { id, group } = storage;
    const key = `${group}/${id}`;
    const others = storages.filter((other) => other.id !== id && other.status !== 'DELETED');
    const newest = Math.max(...others.map(({ lastSourceUpdate }) => seconds(lastSourceUpdate)), 0);
    const lag = newest - seconds(storage.lastSynced);
    if (newest === 0 || lag <= limitSeconds) {
      this.#episodes.delete(key);
      return { reasons: [], notes: [] };
    }
    const now = Math.max(...storages.map(({ lastHeartbeat }) => seconds(lastHeartbeat)));
    const behind =
      storage.lastSynced === undefined
        ? `storage ${id} of group ${group} has applied no change of the others`
        : `storage ${id} of group ${group} is ${lag} seconds behind the others`;
    if (this.#isStuck(key, storage, others, newest, now)) {
      return { reasons: [`${behind} and applies no changes, while files are added there`], notes: [] };
    }
    // A change that is younger than the reports about it proves nothing.
    if (now - newest < REPORT_SECONDS) return { reasons: [], notes: [] };
    return { reasons: [], notes: [`${behind}, or idle: nothing shows that it lacks a file`] };
  }

  #isStuck(
    key: string,
    storage: StorageRecord,
    others: readonly StorageRecord[],
    newest: number,
    now: number,
  ): boolean {
    const lastSynced = seconds(storage.lastSynced);
    const bytesIn = storage.bytes.syncIn.success;
    const added = others.reduce((sum, other) => sum + countAdded(other), 0);
    const before = this.#episodes.get(key);
    if (!before || before.lastSynced !== lastSynced || before.bytesIn !== bytesIn) {
      this.#episodes.set(key, {
        lastSynced,
        bytesIn,
        newest,
        added,
        since: now,
        looks: 1,
        grewBefore: false,
      });
      return false;
    }
    before.looks++;
    const grew = newest > before.newest && added > before.added;
    const stuck =
      grew && before.grewBefore && before.looks >= MIN_LOOKS && now - before.since >= REPORT_SECONDS;
    before.grewBefore = grew;
    return stuck;
  }
}

/** Files that were uploaded and not deleted, and changes of files. */
function countAdded({ operations }: StorageRecord): number {
  const { upload, append, modify, truncate, setMetadata, delete: removed } = operations;
  return (
    upload.success +
    append.success +
    modify.success +
    truncate.success +
    setMetadata.success -
    removed.success
  );
}

function seconds(date: Date | undefined): number {
  return (date?.getTime() ?? 0) / 1000;
}
