/** The verbs on groups, storages and trunk servers. */
import type { FastDFSAdmin } from '../../index.js';
import { withSession } from './session.js';
import type { Answer, GroupTable, NewTrunkServer, Optional } from './types.js';

/**
 * Lists groups and their storages.
 * @param tracker_server `host:port` of the tracker to ask; default any
 * @param group_name only this group
 */
export async function fdfs_list_all_groups(
  tracker_server?: Optional<string>,
  group_name?: Optional<string>,
): Promise<Answer<GroupTable>> {
  return await withSession(async ({ admin }) => {
    const options = trackerOption(tracker_server);
    const infos =
      group_name == null ? await admin.listGroups(options) : [await admin.getGroup(group_name, options)];
    const groups = infos.map(async (info) => ({
      ...info,
      storages: await admin.listStorages(info.name, options),
    }));
    return { groups: await Promise.all(groups) };
  });
}

/**
 * Removes a group without storages.
 * @param tracker_server has to answer; the group is removed at every tracker all the same, as by the C tools
 */
export async function fdfs_delete_group(
  tracker_server: Optional<string>,
  group_name: string,
): Promise<Answer> {
  return await withSession(async ({ admin }) => {
    await assertReachable(admin, tracker_server);
    await admin.deleteGroup(group_name);
    return {};
  });
}

/**
 * Removes a stopped storage from its group.
 * @param tracker_server has to answer; the storage is removed at every tracker all the same, as by the C tools
 * @param storage_id its id, or its IP address in clusters without ids
 */
export async function fdfs_delete_server(
  tracker_server: Optional<string>,
  group_name: string,
  storage_id: string,
): Promise<Answer> {
  return await withSession(async ({ admin }) => {
    await assertReachable(admin, tracker_server);
    await admin.deleteStorage(group_name, storage_id);
    return {};
  });
}

/**
 * Makes a storage the trunk server of its group.
 * @param tracker_server has to be the leader; default: the one that is
 * @param storage_id default: the leader chooses
 */
export async function fdfs_set_trunk_server(
  tracker_server: Optional<string>,
  group_name: string,
  storage_id?: Optional<string>,
): Promise<Answer<NewTrunkServer>> {
  return await withSession(async ({ admin }) => {
    const options = trackerOption(tracker_server);
    const id = await admin.setTrunkServer(group_name, storage_id || undefined, options);
    return { new_trunk_server_id: id };
  });
}

/** @throws the error of the named tracker when it cannot be reached */
async function assertReachable(admin: FastDFSAdmin, tracker_server: Optional<string>): Promise<void> {
  if (tracker_server == null) return;
  const [tracker] = await admin.listTrackers({ tracker: tracker_server });
  if (!tracker?.reachable) throw tracker?.error;
}

function trackerOption(tracker_server: Optional<string>): { tracker?: string } {
  return tracker_server == null ? {} : { tracker: tracker_server };
}
