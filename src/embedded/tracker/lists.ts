/** 90 to 93 and 108: lists of groups and storages, and their deletion. */
import { GROUP_BYTES, STORAGE_ID_BYTES } from '../../core/model/limits.js';
import { STORAGE_STATUS } from '../model.js';
import { readCString, readGroupField } from '../storage/file-names.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand } from './context.js';
import { encodeGroup, encodeStorage } from './records.js';

const BUSY: readonly number[] = [STORAGE_STATUS.ONLINE, STORAGE_STATUS.ACTIVE, STORAGE_STATUS.RECOVERY];

/** Reads an id field. It is the rest of the request: shorter than 16, or the request is malformed. */
export function readOptionalId(body: Buffer): string {
  const length = body.length - GROUP_BYTES;
  refuseUnless(length >= 0 && length < STORAGE_ID_BYTES, STATUS.INVALID);
  return readCString(body.subarray(GROUP_BYTES));
}

export const listAllGroups: TrackerCommand = ({ view, policy }, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  return Buffer.concat(view.groups.map((group) => encodeGroup({ view, policy }, group)));
};

export const listOneGroup: TrackerCommand = ({ view, policy }, { body }) => {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  return encodeGroup({ view, policy }, view.group(readGroupField(body, 0)));
};

/** group 16 [, storage id] */
export const listStorage: TrackerCommand = ({ view, policy }, { body }) => {
  const id = readOptionalId(body);
  const group = view.group(readGroupField(body, 0));
  const nodes = body.length === GROUP_BYTES ? view.storages(group) : [view.storage(group, id)];
  return Buffer.concat(nodes.map((node) => encodeStorage({ view, policy }, node)));
};

/** group 16, storage id */
export const deleteStorage: TrackerCommand = ({ view }, { body }) => {
  const id = readOptionalId(body);
  refuseUnless(body.length > GROUP_BYTES, STATUS.INVALID);
  const node = view.storage(view.group(readGroupField(body, 0)), id);
  const status = view.readStatus(node);
  refuseUnless(status !== STORAGE_STATUS.DELETED, STATUS.ALREADY);
  refuseUnless(!BUSY.includes(status), STATUS.BUSY);
  view.delete(node);
  return undefined;
};

/** group 16. Refused while there is any record of a storage, a deleted one included. */
export const deleteGroup: TrackerCommand = ({ view }, { body }) => {
  refuseUnless(body.length === GROUP_BYTES, STATUS.INVALID);
  const group = view.group(readGroupField(body, 0));
  refuseUnless(view.storages(group).length === 0, STATUS.BUSY);
  view.removeGroup(group);
  return undefined;
};
