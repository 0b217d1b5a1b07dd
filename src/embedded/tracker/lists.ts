/** 90 to 93 and 108: lists of groups and storages, and their deletion. */
import { GROUP_BYTES, STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { cString, groupField } from '../storage/file-names.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand } from './command.js';
import { groupRecord, storageRecord } from './records.js';
import { STORAGE_STATUS } from './view.js';

/** An id field is the rest of the request: shorter than 16, or the request is malformed. */
export function optionalId(body: Buffer): string {
  const length = body.length - GROUP_BYTES;
  refuseUnless(length >= 0 && length < STORAGE_ID_BYTES, STATUS.INVALID);
  return cString(body.subarray(GROUP_BYTES));
}

export const listAllGroups: TrackerCommand = (view, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  return Buffer.concat(view.groups.map((group) => groupRecord(view, group)));
};

export const listOneGroup: TrackerCommand = (view, { body }) => {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  return groupRecord(view, view.group(groupField(body, 0)));
};

/** group 16 [, storage id] */
export const listStorage: TrackerCommand = (view, { body }) => {
  const id = optionalId(body);
  const group = view.group(groupField(body, 0));
  const nodes = id === '' ? view.storages(group) : [view.storage(group, id)];
  return Buffer.concat(nodes.map((node) => storageRecord(view, node)));
};

/** group 16, storage id */
export const deleteStorage: TrackerCommand = (view, { body }) => {
  const id = optionalId(body);
  refuseUnless(id !== '', STATUS.INVALID);
  const node = view.storage(view.group(groupField(body, 0)), id);
  const status = view.statusOf(node);
  refuseUnless(status !== STORAGE_STATUS.DELETED, STATUS.ALREADY);
  refuseUnless(status !== STORAGE_STATUS.ACTIVE, STATUS.BUSY);
  view.delete(node);
  return undefined;
};

/** group 16. Refused while there is any record of a storage, a deleted one included. */
export const deleteGroup: TrackerCommand = (view, { body }) => {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  const group = view.group(groupField(body, 0));
  refuseUnless(view.storages(group).length === 0, STATUS.BUSY);
  view.removeGroup(group);
  return undefined;
};
