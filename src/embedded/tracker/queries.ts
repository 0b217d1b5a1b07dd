/** 101 to 107: where to upload, where a file is. */
import { GROUP_BYTES, MAX_REMOTE_FILENAME, MIN_TRACKER_FILENAME } from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/fields.js';
import type { Group, StorageNode } from '../model.js';
import { readCString, readGroupField } from '../storage/file-names.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand, TrackerContext } from './context.js';

/** group 16, n × (address A−1, port 8) */
function encodeServers({ view }: TrackerContext, group: Group, nodes: readonly StorageNode[]): Writer {
  const writer = new Writer().fixed(group.name, GROUP_BYTES, 'Group name');
  for (const node of nodes)
    writer.fixed(node.host, view.model.traits.addressBytes - 1, 'Address').int64(node.port);
  return writer;
}

function findRequestedGroup({ view, policy }: TrackerContext, body: Buffer): Group {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  return policy.checkGroup(view.group(readGroupField(body, 0)));
}

function chooseGroup({ policy }: TrackerContext, body: Buffer): Group {
  refuseUnless(body.length === 0, STATUS.INVALID);
  return policy.chooseGroup();
}

type GroupChoice = (context: TrackerContext, body: Buffer) => Group;

function storeOne(choose: GroupChoice): TrackerCommand {
  return (context, { body }) => {
    const group = choose(context, body);
    const node = context.policy.chooseStorage(group);
    const path = context.policy.choosePath(node);
    return encodeServers(context, group, [node]).byte(path).finish();
  };
}

function storeAll(choose: GroupChoice): TrackerCommand {
  return (context, { body }) => {
    const group = choose(context, body);
    const nodes = context.policy.listStorages(group);
    const path = context.policy.choosePath(nodes[0]!);
    return encodeServers(context, group, nodes).byte(path).finish();
  };
}

export const queryStoreWithoutGroupOne = storeOne(chooseGroup);
export const queryStoreWithGroupOne = storeOne(findRequestedGroup);
export const queryStoreWithoutGroupAll = storeAll(chooseGroup);
export const queryStoreWithGroupAll = storeAll(findRequestedGroup);

type Choice = (context: TrackerContext, group: Group, remote: string, length: number) => StorageNode[];

function locate(choose: Choice): TrackerCommand {
  return (context, { body }) => {
    const length = body.length - GROUP_BYTES;
    refuseUnless(length >= MIN_TRACKER_FILENAME && length <= MAX_REMOTE_FILENAME, STATUS.INVALID);
    const group = context.view.group(readGroupField(body, 0));
    const remote = readCString(body.subarray(GROUP_BYTES));
    return encodeServers(context, group, choose(context, group, remote, length)).finish();
  };
}

export const queryFetchOne = locate(({ policy }, ...file) => [policy.chooseReader(...file)]);
export const queryFetchAll = locate(({ policy }, ...file) => policy.listReaders(...file));
export const queryUpdate = locate(({ policy }, ...file) => [policy.chooseUpdater(...file)]);
