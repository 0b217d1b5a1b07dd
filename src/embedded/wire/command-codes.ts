/** Command codes as the servers see them: client commands and the few internal ones that have a fixed answer. */
export const CODE = {
  REPORT_SERVER_ID: 9,
  UPLOAD_FILE: 11,
  DELETE_FILE: 12,
  SET_METADATA: 13,
  DOWNLOAD_FILE: 14,
  GET_METADATA: 15,
  CREATE_LINK: 20,
  UPLOAD_SLAVE_FILE: 21,
  QUERY_FILE_INFO: 22,
  UPLOAD_APPENDER_FILE: 23,
  APPEND_FILE: 24,
  FETCH_ONE_PATH_BINLOG: 26,
  MODIFY_FILE: 34,
  TRUNCATE_FILE: 36,
  REGENERATE_APPENDER_FILENAME: 38,
  GET_MY_IP: 60,
  TRACKER_GET_STATUS: 64,
  FETCH_STORAGE_IDS: 69,
  GET_SERVER_ID: 70,
  GET_STORAGE_STATUS: 71,
  PARAMETER_REQ: 75,
  QUIT: 82,
  LIST_ONE_GROUP: 90,
  LIST_ALL_GROUPS: 91,
  LIST_STORAGE: 92,
  DELETE_STORAGE: 93,
  SET_TRUNK_SERVER: 94,
  GET_LEADER: 95,
  TRACKER_CLUSTER_STAT: 96,
  STORAGE_CLUSTER_STAT: 97,
  STORAGE_VOLUME_STAT: 98,
  QUERY_STORE_WITHOUT_GROUP_ONE: 101,
  QUERY_FETCH_ONE: 102,
  QUERY_UPDATE: 103,
  QUERY_STORE_WITH_GROUP_ONE: 104,
  QUERY_FETCH_ALL: 105,
  QUERY_STORE_WITHOUT_GROUP_ALL: 106,
  QUERY_STORE_WITH_GROUP_ALL: 107,
  DELETE_GROUP: 108,
  GET_GROUP_NAME: 109,
  ACTIVE_TEST: 111,
} as const;

export type CommandName = keyof typeof CODE;

/** Returns the code of a command given by name or number; undefined for an unknown name. */
export function readCommandCode(command: string | number): number | undefined {
  if (typeof command === 'number') return command;
  return Object.hasOwn(CODE, command) ? CODE[command as CommandName] : undefined;
}
