/** Classic verbs on clusters made for them: what changes servers, and what disturbs a verb. */
import { describe, expect, it } from 'vitest';
import {
  fdfs_delete,
  fdfs_delete_group,
  fdfs_delete_server,
  fdfs_destroy,
  fdfs_init,
  fdfs_list_all_groups,
  fdfs_set_trunk_server,
} from '../../../src/adapters/classic/index.js';
import { EmbeddedFastDFS } from '../../../src/embedded/index.js';

const MISSING = 'M00/00/00/fwAAAWsCeYyAeQYEAAAACw1KEYU028.txt';
const OK = { result: 0 };

describe('classic verbs that change a cluster', () => {
  it('delete what has been stopped, and set a trunk server', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 2, group2: 1 }, trunk: true });
    expect(await fdfs_init(fdfs.options)).toEqual(OK);
    const ids = (await fdfs_list_all_groups()).groups!.map(({ storages }) => storages.map(({ id }) => id));
    expect(await fdfs_set_trunk_server(null, 'group1')).toEqual({
      result: 0,
      new_trunk_server_id: ids[0]![0],
    });
    expect(await fdfs_set_trunk_server(null, 'group1', ids[0]![0])).toMatchObject({ result: 114 });
    expect(await fdfs_set_trunk_server(null, 'group1', ids[0]![1])).toMatchObject({ result: 17 });
    await fdfs.stopStorage('group1', 0);
    expect(await fdfs_set_trunk_server(fdfs.trackers[0], 'group1', ids[0]![1])).toEqual({
      result: 0,
      new_trunk_server_id: ids[0]![1],
    });
    await fdfs.stopStorage('group2', 0);
    expect(await fdfs_delete_server(fdfs.trackers[0], 'group2', ids[1]![0]!)).toEqual(OK);
    expect(await fdfs_delete_server(null, 'group2', ids[1]![0]!)).toEqual(OK);
    expect(await fdfs_delete_group(null, 'group2')).toMatchObject({ result: 16 });
    await fdfs.stopTracker(0);
    await fdfs.startTracker(0);
    expect(await fdfs_delete_group(null, 'group2')).toEqual(OK);
    expect(await fdfs_delete_group(null, 'group2')).toMatchObject({ result: 2 });
    expect(await fdfs_destroy()).toEqual(OK);
  });

  it('a verb under way when fdfs_destroy is called ends, too', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
    expect(await fdfs_init(fdfs.options)).toEqual(OK);
    fdfs.inject({ command: 'LIST_ALL_GROUPS', action: 'stall', times: 1 });
    const pending = fdfs_list_all_groups();
    await expect.poll(() => fdfs.requests('LIST_ALL_GROUPS')).toBe(1);
    expect(await fdfs_destroy()).toEqual(OK);
    expect(await pending).toMatchObject({ result: 125 });
  });

  it('a server that does not answer is 110', async () => {
    await using fdfs = await EmbeddedFastDFS.start({ groups: { group1: 1 } });
    expect(await fdfs_init({ ...fdfs.options, networkTimeoutMs: 100 })).toEqual(OK);
    fdfs.inject({ command: 'LIST_ALL_GROUPS', action: 'stall', times: 10 });
    expect(await fdfs_list_all_groups()).toMatchObject({ result: 110 });
    fdfs.inject({ command: 'DELETE_FILE', action: 'status', status: 28, times: 1 });
    expect(await fdfs_delete('group1', MISSING)).toMatchObject({ result: 28 });
    await fdfs_destroy();
  });
});
