/** What a tracker does with a request: the table of its commands and the rules that hold for all of them. */
import { HEADER_BYTES } from '../../core/protocol/constants.js';
import { CODE } from '../wire/command-codes.js';
import { type Connection, FIRST_BLOCK, type RequestHeader } from '../wire/connection.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { Handler, Reply } from '../wire/wire-server.js';
import {
  getLeader,
  setTrunkServer,
  storageClusterStat,
  storageVolumeStat,
  trackerClusterStat,
  trackerGetStatus,
} from './cluster.js';
import type { TrackerCommand, TrackerContext } from './context.js';
import {
  fetchStorageIds,
  getGroupName,
  getMyIp,
  getParameters,
  getServerId,
  getStorageStatus,
} from './identity.js';
import { deleteGroup, deleteStorage, listAllGroups, listOneGroup, listStorage } from './lists.js';
import {
  queryFetchAll,
  queryFetchOne,
  queryStoreWithGroupAll,
  queryStoreWithGroupOne,
  queryStoreWithoutGroupAll,
  queryStoreWithoutGroupOne,
  queryUpdate,
} from './queries.js';

const activeTest: TrackerCommand = (_context, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  return undefined;
};

/** Commands of storages that have joined, which no client can do here. */
const NEEDS_JOIN = [59, 72, 73, 74, 83, 84, 85, 87, 89];

const COMMANDS: ReadonlyMap<number, TrackerCommand> = new Map<number, TrackerCommand>([
  [CODE.QUERY_STORE_WITHOUT_GROUP_ONE, queryStoreWithoutGroupOne],
  [CODE.QUERY_STORE_WITH_GROUP_ONE, queryStoreWithGroupOne],
  [CODE.QUERY_STORE_WITHOUT_GROUP_ALL, queryStoreWithoutGroupAll],
  [CODE.QUERY_STORE_WITH_GROUP_ALL, queryStoreWithGroupAll],
  [CODE.QUERY_FETCH_ONE, queryFetchOne],
  [CODE.QUERY_FETCH_ALL, queryFetchAll],
  [CODE.QUERY_UPDATE, queryUpdate],
  [CODE.LIST_ALL_GROUPS, listAllGroups],
  [CODE.LIST_ONE_GROUP, listOneGroup],
  [CODE.LIST_STORAGE, listStorage],
  [CODE.DELETE_STORAGE, deleteStorage],
  [CODE.DELETE_GROUP, deleteGroup],
  [CODE.SET_TRUNK_SERVER, setTrunkServer],
  [CODE.GET_LEADER, getLeader],
  [CODE.TRACKER_GET_STATUS, trackerGetStatus],
  [CODE.TRACKER_CLUSTER_STAT, trackerClusterStat],
  [CODE.STORAGE_CLUSTER_STAT, storageClusterStat],
  [CODE.STORAGE_VOLUME_STAT, storageVolumeStat],
  [CODE.PARAMETER_REQ, getParameters],
  [CODE.FETCH_STORAGE_IDS, fetchStorageIds],
  [CODE.GET_SERVER_ID, getServerId],
  [CODE.GET_STORAGE_STATUS, getStorageStatus],
  [CODE.GET_MY_IP, getMyIp],
  [CODE.GET_GROUP_NAME, getGroupName],
  [CODE.ACTIVE_TEST, activeTest],
]);

export class TrackerHandler implements Handler {
  readonly #context: TrackerContext;

  constructor(context: TrackerContext) {
    this.#context = context;
  }

  /** Only 32 bits of the length count; a request that does not fit the buffer is not answered. */
  firstBytes({ low }: RequestHeader): number | undefined {
    return low < 0 || low + HEADER_BYTES > FIRST_BLOCK ? undefined : low;
  }

  handle(header: RequestHeader, body: Buffer, connection: Connection): Reply {
    if (NEEDS_JOIN.includes(header.command)) throw new Refused(STATUS.NO_ACCESS);
    const run = COMMANDS.get(header.command);
    if (run === undefined) throw new Refused(STATUS.INVALID);
    const reply = run(this.#context, { body, remoteAddress: connection.remoteAddress });
    return reply === undefined ? { status: STATUS.OK } : { status: STATUS.OK, body: reply };
  }

  closesAfter(status: number): boolean {
    return status === STATUS.INVALID && this.#context.view.model.traits.trackerClosesOnInvalid;
  }
}
