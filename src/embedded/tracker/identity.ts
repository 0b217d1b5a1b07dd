/** 60, 69 to 71, 75 and 109: parameters, storage ids, and the identity of a server or caller. */
import { formatAddress } from '../../core/model/address.js';
import {
  GROUP_BYTES,
  IPV4_ADDRESS_BYTES,
  IPV6_ADDRESS_BYTES,
  STORAGE_ID_BYTES,
} from '../../core/model/limits.js';
import { Writer } from '../../core/protocol/fields.js';
import type { ClusterModel, StorageNode } from '../model.js';
import { readCString, readGroupField } from '../storage/file-names.js';
import type { Traits } from '../versions.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { TrackerCommand, TrackerRequest } from './context.js';

/** Parameters of a default installation that no option changes. */
const FIXED_PARAMETERS = `storage_ip_changed_auto_adjust=1
storage_sync_file_max_delay=86400
`;
const TRUNK_PARAMETERS = `slot_min_size=256
slot_max_size=1048576
trunk_alloc_alignment_size=256
trunk_file_size=67108864
trunk_create_file_advance=0
trunk_create_file_time_base=02:00
trunk_create_file_interval=86400
trunk_create_file_space_threshold=21474836480
trunk_init_check_occupying=0
trunk_init_reload_from_binlog=0
trunk_free_space_merge=1
delete_unused_trunk_files=0
trunk_compress_binlog_min_interval=86400
trunk_compress_binlog_interval=86400
trunk_compress_binlog_time_base=03:00
trunk_binlog_max_backups=7
store_slave_file_use_link=0
`;

export const getParameters: TrackerCommand = ({ view }, { body }) => {
  refuseUnless(body.length === 0, STATUS.INVALID);
  const { storageIds, trunk, traits, options, groups } = view.model;
  const reserved = groups[0]!.storages[0]!.space.measureMiB().reservedMiB;
  return Buffer.from(
    `use_storage_id=${storageIds ? 1 : 0}\nid_type_in_filename=${storageIds ? 'id' : 'ip'}\n` +
      `trust_storage_server_id=1\nresponse_ip_addr_size=${traits.addressBytes}\n` +
      `${FIXED_PARAMETERS}store_path=${options.storePath}\nreserved_storage_space=${reserved}MB\nuse_trunk_file=${trunk ? 1 : 0}\n${TRUNK_PARAMETERS}`,
  );
};

/** start index 4 [, allow empty 1] → total 4, count 4, lines `id group host:port` */
export const fetchStorageIds: TrackerCommand = ({ view }, { body }) => {
  const { storageIds, traits } = view.model;
  const isOld = traits.idsRequestBytes === 4;
  refuseUnless(body.length === traits.idsRequestBytes || (isOld && !storageIds), STATUS.INVALID);
  if (!storageIds) {
    refuseUnless(!isOld, STATUS.NOT_SUPPORTED);
    refuseUnless((body[4] ?? 0) !== 0, STATUS.NOT_SUPPORTED);
    return Buffer.alloc(8);
  }
  // storage_ids.conf is the operator's: deleting a storage does not change it.
  const nodes = view.model.groups.flatMap((group) => group.storages).sort((a, b) => (a.id < b.id ? -1 : 1));
  const start = body.readInt32BE(0);
  refuseUnless(start >= 0 && start < nodes.length, STATUS.INVALID);
  const rest = nodes.slice(start);
  const writer = new Writer(0, 512).int32(nodes.length).int32(rest.length);
  for (const node of rest)
    writer.text(`${node.id} ${node.group.name} ${formatAddress(node)}${formatRwMode(node)}\n`);
  return writer.finish();
};

function formatRwMode({ readable, writable }: StorageNode): string {
  if (readable && writable) return '';
  if (readable) return ' rw=read';
  return writable ? ' rw=write' : ' rw=none';
}

/** Longest `ip:port` that trackers take. */
const MAX_IP_PORT = IPV6_ADDRESS_BYTES + 6;

interface ServerField {
  readonly group: string;
  readonly host: string;
  /** 0: any. */
  readonly port: number;
}

/** Reads `group 16, ip:port`. Before 6.16: `group 16 [, ip]`, without the ip the caller's. @throws Refused (22 without a port) */
function readServerField({ traits }: ClusterModel, { body, remoteAddress }: TrackerRequest): ServerField {
  const length = body.length - GROUP_BYTES;
  if (!traits.namesServersByPort) {
    refuseUnless(length >= 0, STATUS.INVALID);
    const field = body.subarray(GROUP_BYTES, GROUP_BYTES + countAddressBytes(traits) - 1);
    const host = length === 0 ? remoteAddress : readCString(field);
    return { group: readGroupField(body, 0), host, port: 0 };
  }
  refuseUnless(length > 0 && length <= MAX_IP_PORT, STATUS.INVALID);
  const text = readCString(body.subarray(GROUP_BYTES));
  // Separators that follow each other count as one, as everywhere where the C servers split text.
  const match = text.startsWith('[')
    ? /^[[\]]+([^[\]]+)[[\]]:*([^:]+)/.exec(text)
    : /^:*([^:]+):+([^:]+)/.exec(text);
  if (!match) throw new Refused(STATUS.INVALID);
  return { group: readGroupField(body, 0), host: match[1]!, port: Number.parseInt(match[2]!, 10) || 0 };
}

/** @param port 0: any · @throws Refused (2) */
function findServer(nodes: readonly StorageNode[], host: string, port: number): StorageNode {
  const node = nodes.find((candidate) => candidate.host === host && (port === 0 || candidate.port === port));
  if (!node) throw new Refused(STATUS.NOT_FOUND);
  return node;
}

/** Size of an address in what trackers and storages exchange, whatever size replies to clients have. */
function countAddressBytes({ idsRequestBytes }: Traits): number {
  return idsRequestBytes === 5 ? IPV6_ADDRESS_BYTES : IPV4_ADDRESS_BYTES;
}

/** Without storage ids a storage is its address: any text in its place is repeated. */
export const getServerId: TrackerCommand = ({ view }, request) => {
  const { group, host, port } = readServerField(view.model, request);
  if (!view.model.storageIds) return Buffer.from(host, 'latin1');
  return Buffer.from(findServer(view.storages(view.group(group)), host, port).id);
};

/** → status 1, port 4, id 16, address 46 (16 before IPv6 came) */
export const getStorageStatus: TrackerCommand = ({ view }, request) => {
  const { traits, storageIds } = view.model;
  const { body } = request;
  const longest = traits.namesServersByPort ? MAX_IP_PORT : body.length;
  const shortest = traits.namesServersByPort ? 1 : 0;
  refuseUnless(body.length >= GROUP_BYTES + shortest && body.length <= GROUP_BYTES + longest, STATUS.INVALID);
  const group = view.group(readGroupField(body, 0));
  const { host, port } = readServerField(view.model, request);
  // Without storage ids a storage is its address: its port is not compared.
  const node = findServer(view.storages(group), host, storageIds ? port : 0);
  const writer = new Writer().byte(view.readStatus(node)).int32(node.port);
  writer.fixed(node.id, STORAGE_ID_BYTES, 'Storage id');
  return writer.fixed(node.host, countAddressBytes(traits), 'Address').finish();
};

/** group 17, port 4 (before 6.16: group 16) → the caller's address */
export const getMyIp: TrackerCommand = ({ view }, { body, remoteAddress }) => {
  const { hasMyIp, namesServersByPort } = view.model.traits;
  refuseUnless(hasMyIp, STATUS.INVALID);
  refuseUnless(body.length === (namesServersByPort ? GROUP_BYTES + 1 + 4 : GROUP_BYTES), STATUS.INVALID);
  return Buffer.from(remoteAddress);
};

/** [address,] port 4 → group 16 */
export const getGroupName: TrackerCommand = ({ view }, { body, remoteAddress }) => {
  refuseUnless(view.model.storageIds, STATUS.NOT_SUPPORTED);
  refuseUnless(body.length >= 4, STATUS.INVALID);
  refuseUnless(body.length - 4 < countAddressBytes(view.model.traits), STATUS.NAME_TOO_LONG);
  const host = body.length === 4 ? remoteAddress : readCString(body.subarray(0, body.length - 4));
  const port = body.readInt32BE(body.length - 4);
  const nodes = view.model.groups.flatMap((group) => group.storages);
  const node = findServer(nodes, host, port);
  return new Writer().fixed(node.group.name, GROUP_BYTES, 'Group name').finish();
};
