/** 64, 94 to 98: trackers and storages as a cluster: leader, trunk servers, states and space. */
import { formatAddress } from '../../core/model/address.js';
import { STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/fields.js';
import {
  countAllocatedConnections,
  type Group,
  nowSeconds,
  STORAGE_STATUS,
  type StorageNode,
  type TrackerNode,
} from '../model.js';
import { readGroupField } from '../storage/file-names.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand } from './context.js';
import { measureGroup } from './group-space.js';
import { readOptionalId } from './lists.js';
import { isTrunkServer } from './records.js';
import type { TrackerView } from './view.js';

const HOST_BYTES = 52;
const VERSION_BYTES = 8;
const GROUP_RECORD_NAME_BYTES = 17;
const EQUAL = 0x3d;
const NOT_EQUAL = 0x21;
/** Real trackers leave old bytes behind the NUL of a text field: readers must cut at the first NUL. */
const STALE = 'xxxx7.0.0.21:23000';

/** Writes a text field with old bytes behind its NUL. */
function writeStaleText(writer: Writer, text: string, width: number): void {
  writer.fixed(`${text}\0${STALE}`.slice(0, Math.max(width, text.length)), width, 'Text');
}

export const trackerGetStatus: TrackerCommand = ({ view }, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  refuseUnless(view.groups.length > 0, STATUS.NOT_FOUND);
  const uptime = nowSeconds() - view.self.upSince;
  return new Writer()
    .byte(view.leader() === view.self ? 1 : 0)
    .int64(uptime)
    .int64(0)
    .finish();
};

export const getLeader: TrackerCommand = ({ view }, { body }) => {
  refuseUnless(view.model.traits.hasLeaderCommands && body.length === 0, STATUS.INVALID);
  const leader = view.leader();
  if (!leader) throw new Refused(STATUS.NOT_FOUND);
  return Buffer.from(formatAddress(leader));
};

/** filter bits 1 (1 active, 2 leader), is active 1, is leader 1 → count 1, count × 90 */
export const trackerClusterStat: TrackerCommand = ({ view }, { body }) => {
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
  writeStaleText(writer, formatAddress(tracker), HOST_BYTES);
  writer.byte(leader ? 1 : 0).byte(running ? 1 : 0);
  writer.int32(countAllocatedConnections(connections)).int32(connections.current).int32(connections.max);
  writer.fixed(running ? view.model.traits.version : '', VERSION_BYTES, 'Version');
  writer.int64(running ? upSince : 0).int64(leader || !running ? 0 : nowSeconds());
}

/** filter bits 1 (1 trunk server, 2 status), operator 1, status 1, is trunk server 1 → 2 flags, count 4, count × 106 */
export const storageClusterStat: TrackerCommand = ({ view }, { body }) => {
  const { traits, trunk, storageIds } = view.model;
  refuseUnless(traits.hasClusterStats && body.length === 4, STATUS.INVALID);
  const [filter = 0, operator = 0, status = 0, trunkServer = 0] = body;
  const rows = view.groups
    .flatMap((group) => view.storages(group))
    .filter(
      (node) =>
        (!trunk || (filter & 1) === 0 || isTrunkServer(node) === (trunkServer !== 0)) &&
        ((filter & 2) === 0 || matches(operator, view.readStatus(node) === status)),
    );
  const writer = new Writer(0, 1024)
    .byte(storageIds ? 1 : 0)
    .byte(trunk ? 1 : 0)
    .int32(rows.length);
  for (const node of rows) storageRow(writer, view, node);
  return writer.finish();
};

/** Any other operator matches nothing. */
function matches(operator: number, equal: boolean): boolean {
  return equal ? operator === EQUAL : operator === NOT_EQUAL;
}

function storageRow(writer: Writer, view: TrackerView, node: StorageNode): void {
  const { connections, upSince, running } = node;
  writeStaleText(writer, node.id, STORAGE_ID_BYTES);
  writeStaleText(writer, formatAddress(node), HOST_BYTES);
  writer.byte(isTrunkServer(node) ? 1 : 0).byte(view.readStatus(node));
  writer.int32(countAllocatedConnections(connections)).int32(connections.current).int32(connections.max);
  writer.fixed(view.model.traits.version, VERSION_BYTES, 'Version');
  writer.int64(upSince).int64(running ? nowSeconds() : upSince);
}

/** filter bits 1 (1 disk, 2 trunk, 4 any space), 3 × wanted 1 → trunk mode 1, count 4, count × 59 */
export const storageVolumeStat: TrackerCommand = ({ view }, { body }) => {
  const { traits, trunk } = view.model;
  refuseUnless(traits.hasClusterStats && body.length === 4, STATUS.INVALID);
  const [filter = 0, wantDisk = 0, wantTrunk = 0, wantSpace = 0] = body;
  const rows = view.groups
    .map((group) => measureVolume(group, trunk))
    .filter(
      ({ disk, trunkSpace }) =>
        ((filter & 1) === 0 || Number(disk) === wantDisk) &&
        (!trunk || (filter & 2) === 0 || Number(trunkSpace) === wantTrunk) &&
        ((filter & 4) === 0 || Number(disk || trunkSpace) === wantSpace),
    );
  const writer = new Writer(0, 256).byte(trunk ? 1 : 0).int32(rows.length);
  for (const { group, space, available, disk, trunkSpace } of rows) {
    writeStaleText(writer, group.name, GROUP_RECORD_NAME_BYTES);
    writer.int64(space.totalMiB).int64(space.freeMiB).int64(space.reservedMiB).int64(available).int64(0);
    writer.byte(disk ? 1 : 0).byte(trunkSpace ? 1 : 0);
  }
  return writer.finish();
};

function measureVolume(group: Group, trunk: boolean) {
  const space = measureGroup(group);
  const available = Math.max(space.freeMiB - space.reservedMiB, 0);
  const disk = group.storages.every(({ space: own }) => own.available);
  return { group, space, available, disk, trunkSpace: trunk && disk };
}

/** group 16 [, storage id] → id and a NUL */
export const setTrunkServer: TrackerCommand = ({ view }, { body }) => {
  const id = readOptionalId(body);
  const group = view.group(readGroupField(body, 0));
  refuseUnless(view.model.trunk && view.leader() === view.self, STATUS.NOT_SUPPORTED);
  const current = group.trunkServer;
  const currentActive = current !== undefined && view.readStatus(current) === STORAGE_STATUS.ACTIVE;
  if (id === '') {
    group.trunkServer = currentActive ? current : view.active(group)[0];
  } else {
    refuseUnless(current?.id !== id || !currentActive, STATUS.ALREADY);
    refuseUnless(!currentActive, STATUS.EXISTS); // looked at before the id is, so an unknown id gets it too
    const chosen = view.storage(group, id);
    refuseUnless(view.readStatus(chosen) === STORAGE_STATUS.ACTIVE, STATUS.NO_NETWORK);
    group.trunkServer = chosen;
  }
  if (!group.trunkServer) throw new Refused(STATUS.NOT_FOUND);
  return Buffer.from(`${group.trunkServer.id}\0`);
};
