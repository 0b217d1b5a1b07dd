/** 64, 94 to 98: trackers and storages as a cluster: leader, trunk servers, states and space. */
import { formatAddress } from '../../core/model/address.js';
import { STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/writer.js';
import {
  allocatedConnections,
  type Group,
  nowSeconds,
  type StorageNode,
  type TrackerNode,
} from '../model.js';
import { groupField } from '../storage/file-names.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand } from './command.js';
import { optionalId } from './lists.js';
import { isTrunkServer, spaceOf } from './records.js';
import { STORAGE_STATUS, type TrackerView } from './view.js';

const HOST_BYTES = 52;
const VERSION_BYTES = 8;
const GROUP_RECORD_NAME_BYTES = 17;
const NOT_EQUAL = 0x21;
/** What real trackers leave behind the NUL of a text field: whoever reads must cut at the first NUL. */
const STALE = 'xxxx7.0.0.21:23000';

/** A text field with stale bytes behind its NUL. */
function staleText(writer: Writer, text: string, width: number): void {
  writer.fixed(`${text}\0${STALE}`.slice(0, Math.max(width, text.length)), width, 'Text');
}

export const trackerGetStatus: TrackerCommand = (view, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  refuseUnless(view.groups.length > 0, STATUS.NOT_FOUND);
  const uptime = nowSeconds() - view.self.upSince;
  return new Writer()
    .byte(view.leader() === view.self ? 1 : 0)
    .int64(uptime)
    .int64(0)
    .finish();
};

export const getLeader: TrackerCommand = (view, { body }) => {
  refuseUnless(view.model.traits.hasLeaderCommands && body.length === 0, STATUS.INVALID);
  const leader = view.leader();
  if (!leader) throw new Refused(STATUS.NOT_FOUND);
  return Buffer.from(formatAddress(leader));
};

/** filter bits 1 (1 active, 2 leader), is active 1, is leader 1 → count 1, count × 90 */
export const trackerClusterStat: TrackerCommand = (view, { body }) => {
  refuseUnless(view.model.traits.hasLeaderCommands && body.length === 3, STATUS.INVALID);
  const leader = view.leader();
  refuseUnless(leader === view.self, STATUS.NOT_SUPPORTED);
  const [filter = 0, active = 0, leading = 0] = body;
  const rows = view.model.trackers.filter(
    (tracker) =>
      ((filter & 1) === 0 || tracker.running === (active !== 0)) &&
      ((filter & 2) === 0 || (tracker === leader) === (leading !== 0)),
  );
  const writer = new Writer().byte(rows.length);
  for (const tracker of rows) trackerRow(writer, view, tracker, tracker === leader);
  return writer.finish();
};

function trackerRow(writer: Writer, view: TrackerView, tracker: TrackerNode, leader: boolean): void {
  const { running, connections, upSince } = tracker;
  staleText(writer, formatAddress(tracker), HOST_BYTES);
  writer.byte(leader ? 1 : 0).byte(running ? 1 : 0);
  writer.int32(allocatedConnections(connections)).int32(connections.current).int32(connections.max);
  writer.fixed(running ? view.model.traits.version : '', VERSION_BYTES, 'Version');
  writer.int64(running ? upSince : 0).int64(leader || !running ? 0 : nowSeconds());
}

/** filter bits 1 (1 trunk server, 2 status), operator 1, status 1, is trunk server 1 → 2 flags, count 4, count × 106 */
export const storageClusterStat: TrackerCommand = (view, { body }) => {
  const { traits, trunk, storageIds } = view.model;
  refuseUnless(traits.hasClusterStats && body.length === 4, STATUS.INVALID);
  const [filter = 0, operator = 0, status = 0, trunkServer = 0] = body;
  const rows = view.groups
    .flatMap((group) => view.storages(group))
    .filter(
      (node) =>
        (!trunk || (filter & 1) === 0 || isTrunkServer(node) === (trunkServer !== 0)) &&
        ((filter & 2) === 0 || (view.statusOf(node) === status) === (operator !== NOT_EQUAL)),
    );
  const writer = new Writer(0, 1024)
    .byte(storageIds ? 1 : 0)
    .byte(trunk ? 1 : 0)
    .int32(rows.length);
  for (const node of rows) storageRow(writer, view, node);
  return writer.finish();
};

function storageRow(writer: Writer, view: TrackerView, node: StorageNode): void {
  const { connections, upSince, running } = node;
  staleText(writer, node.id, STORAGE_ID_BYTES);
  staleText(writer, formatAddress(node), HOST_BYTES);
  writer.byte(isTrunkServer(node) ? 1 : 0).byte(view.statusOf(node));
  writer.int32(allocatedConnections(connections)).int32(connections.current).int32(connections.max);
  writer.fixed(view.model.traits.version, VERSION_BYTES, 'Version');
  writer.int64(upSince).int64(running ? nowSeconds() : upSince);
}

/** filter bits 1 (1 disk, 2 trunk, 4 any space), 3 × wanted 1 → trunk mode 1, count 4, count × 59 */
export const storageVolumeStat: TrackerCommand = (view, { body }) => {
  const { traits, trunk } = view.model;
  refuseUnless(traits.hasClusterStats && body.length === 4, STATUS.INVALID);
  const [filter = 0, wantDisk = 0, wantTrunk = 0, wantSpace = 0] = body;
  const rows = view.groups
    .map((group) => volumeOf(group, trunk))
    .filter(
      ({ disk, trunkSpace }) =>
        ((filter & 1) === 0 || disk === (wantDisk !== 0)) &&
        ((filter & 2) === 0 || trunkSpace === (wantTrunk !== 0)) &&
        ((filter & 4) === 0 || (disk || trunkSpace) === (wantSpace !== 0)),
    );
  const writer = new Writer(0, 256).byte(trunk ? 1 : 0).int32(rows.length);
  for (const { group, space, available, disk, trunkSpace } of rows) {
    staleText(writer, group.name, GROUP_RECORD_NAME_BYTES);
    writer.int64(space.totalMiB).int64(space.freeMiB).int64(space.reservedMiB).int64(available).int64(0);
    writer.byte(disk ? 1 : 0).byte(trunkSpace ? 1 : 0);
  }
  return writer.finish();
};

function volumeOf(group: Group, trunk: boolean) {
  const space = spaceOf(group);
  const available = Math.max(space.freeMiB - space.reservedMiB, 0);
  return { group, space, available, disk: available > 0, trunkSpace: trunk && available > 0 };
}

/** group 16 [, storage id] → id and a NUL */
export const setTrunkServer: TrackerCommand = (view, { body }) => {
  const id = optionalId(body);
  const group = view.group(groupField(body, 0));
  refuseUnless(view.model.trunk && view.leader() === view.self, STATUS.NOT_SUPPORTED);
  const current = group.trunkServer;
  const currentActive = current !== undefined && view.statusOf(current) === STORAGE_STATUS.ACTIVE;
  if (id === '') {
    group.trunkServer = currentActive ? current : view.active(group)[0];
  } else {
    refuseUnless(current?.id !== id || !currentActive, STATUS.ALREADY);
    refuseUnless(!currentActive, STATUS.EXISTS); // looked at before the id is, so an unknown id gets it too
    const chosen = view.storage(group, id);
    refuseUnless(view.statusOf(chosen) === STORAGE_STATUS.ACTIVE, STATUS.NO_NETWORK);
    group.trunkServer = chosen;
  }
  if (!group.trunkServer) throw new Refused(STATUS.NOT_FOUND);
  return Buffer.from(`${group.trunkServer.id}\0`);
};
