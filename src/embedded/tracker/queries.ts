/** 101 to 107: where to upload, where a file is. */
import { GROUP_BYTES, MAX_REMOTE_FILENAME, MIN_TRACKER_FILENAME } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/writer.js';
import type { Group, StorageNode } from '../model.js';
import { cString, groupField } from '../storage/file-names.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand } from './command.js';
import type { TrackerView } from './view.js';

const FIRST_STORE_PATH = 0;

/** group 16, n × (address A−1, port 8) */
function servers(view: TrackerView, group: Group, nodes: readonly StorageNode[]): Writer {
  const writer = new Writer().fixed(group.name, GROUP_BYTES, 'Group name');
  for (const node of nodes)
    writer.fixed(node.host, view.model.traits.addressBytes - 1, 'Address').int64(node.port);
  return writer;
}

function requestedGroup(view: TrackerView, body: Buffer): Group {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  return view.group(groupField(body, 0));
}

function anyGroup(view: TrackerView, body: Buffer): Group {
  refuseUnless(body.length === 0, STATUS.INVALID);
  return view.groupForUpload();
}

type GroupChoice = (view: TrackerView, body: Buffer) => Group;

function storeOne(choose: GroupChoice): TrackerCommand {
  return (view, { body }) => {
    const group = choose(view, body);
    return servers(view, group, [view.storageForUpload(group)])
      .byte(FIRST_STORE_PATH)
      .finish();
  };
}

function storeAll(choose: GroupChoice): TrackerCommand {
  return (view, { body }) => {
    const group = choose(view, body);
    return servers(view, group, view.storagesForUpload(group)).byte(FIRST_STORE_PATH).finish();
  };
}

export const queryStoreWithoutGroupOne = storeOne(anyGroup);
export const queryStoreWithGroupOne = storeOne(requestedGroup);
export const queryStoreWithoutGroupAll = storeAll(anyGroup);
export const queryStoreWithGroupAll = storeAll(requestedGroup);

function locate(choose: (view: TrackerView, group: Group, remote: string) => StorageNode[]): TrackerCommand {
  return (view, { body }) => {
    const length = body.length - GROUP_BYTES;
    refuseUnless(length >= MIN_TRACKER_FILENAME && length <= MAX_REMOTE_FILENAME, STATUS.INVALID);
    const group = view.group(groupField(body, 0));
    return servers(view, group, choose(view, group, cString(body.subarray(GROUP_BYTES)))).finish();
  };
}

export const queryFetchOne = locate((view, group, remote) => [view.storageForRead(group, remote)]);
export const queryFetchAll = locate((view, group, remote) => view.storagesForRead(group, remote));
export const queryUpdate = locate((view, group, remote) => [view.storageForUpdate(group, remote)]);
