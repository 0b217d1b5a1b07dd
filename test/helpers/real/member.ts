/** The configuration of one process of a real cluster: settings as shipped, but for intervals that tests cannot wait for. */

export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface Member {
  readonly name: string;
  readonly program: 'fdfs_trackerd' | 'fdfs_storaged';
  readonly host: string;
  readonly port: number;
  /** Of a storage. */
  readonly group?: string;
}

export interface MemberPlace {
  readonly base: string;
  readonly storePaths: readonly string[];
  readonly priority: number;
  readonly trackers: readonly string[];
  /** Path of a `storage_ids.conf`, where storages are known by ids. */
  readonly storageIds: string | undefined;
  readonly further: Settings;
}

/** Returns the lines of a member's configuration file. */
export function configFor(member: Member, place: MemberPlace): string[] {
  const settings: Settings = {
    base_path: place.base,
    bind_addr: member.host,
    port: member.port,
    connect_timeout: 5,
    network_timeout: 30,
    ...(member.group === undefined ? trackerSettings(place) : storageSettings(member.group, place)),
    ...place.further,
  };
  return Object.entries(settings).flatMap(([key, value]) => [value].flat().map((one) => `${key} = ${one}`));
}

function trackerSettings({ storageIds }: MemberPlace): Settings {
  return {
    store_lookup: 0,
    store_server: 0,
    store_path: 0,
    download_server: 0,
    reserved_storage_space: '1%',
    check_active_interval: 6,
    use_storage_id: storageIds !== undefined,
    ...(storageIds === undefined ? {} : { storage_ids_filename: storageIds, id_type_in_filename: 'id' }),
  };
}

function storageSettings(group: string, { storePaths, priority, trackers }: MemberPlace): Settings {
  return {
    group_name: group,
    client_bind: true,
    thread_stack_size: '512KB',
    buff_size: '256KB',
    store_path_count: storePaths.length,
    ...Object.fromEntries(storePaths.map((folder, index) => [`store_path${index}`, folder])),
    subdir_count_per_path: 4,
    upload_priority: priority,
    heart_beat_interval: 1,
    stat_report_interval: 1,
    sync_wait_msec: 10,
    // As in the storage.conf that is shipped; the code's own default is 60.
    sync_binlog_buff_interval: 1,
    tracker_server: trackers,
  };
}
