/**
 * `fastdfs-streams/classic`: the verbs of the classic script binding, for code that is ported. As there, `fdfs_init`
 * sets up one client for the whole process, which the other verbs use; `fdfs_destroy` takes it down. No verb throws for
 * a server's or the network's no, or for a wrong argument: `result` is 0 or an errno value. A thin layer: new code is
 * better off with `createClient` and `FastDFSAdmin`.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { formatHost } from '../../core/model/address.js';
import {
  ArgumentError,
  type Conf,
  createClient,
  FastDFSAdmin,
  FastDFSClient,
  formatAddress,
  type Metadata,
  parseFileId,
  type UploadOptions,
  type UploadResult,
} from '../../index.js';
import { EINVAL, EISDIR, errnoOf } from './errno.js';
import type {
  Answer,
  Downloaded,
  FileInfo,
  GroupTable,
  MetadataTable,
  NewTrunkServer,
  ServerTable,
  Uploaded,
  UploadedAppender,
  UploadMode,
  UploadSource,
  Write,
} from './types.js';

export type {
  Answer,
  Downloaded,
  FileInfo,
  FileInfoTable,
  GroupTable,
  MetadataTable,
  NewTrunkServer,
  Result,
  ServerTable,
  Uploaded,
  UploadedAppender,
  UploadMode,
  UploadSource,
  Write,
} from './types.js';

interface Session {
  readonly client: FastDFSClient;
  readonly admin: FastDFSAdmin;
  close(): Promise<void>;
}

/** The one client of the process, between `fdfs_init` and `fdfs_destroy`. */
let session: Session | undefined;

/** An argument that may be left out, or be null where ported code has `None`. */
export type Optional<T> = T | null | undefined;

/**
 * Sets up the client. A second call replaces the first one's.
 * @param conf_filename path of a `client.conf`; also options, or a client, which then stays its owner's to close
 */
export async function fdfs_init(conf_filename: Conf): Promise<Answer> {
  return await answer(async () => {
    const client = createClient(conf_filename);
    const before = session;
    const owned = !(conf_filename instanceof FastDFSClient);
    const admin = new FastDFSAdmin(client);
    session = {
      client,
      admin,
      close: async () => {
        await admin.close();
        if (owned) await client.close();
      },
    };
    await before?.close();
    return {};
  });
}

/**
 * Uploads an ordinary file.
 * @param local_filename a path, whatever the mode: FILE streams it, BUFF reads it into memory first, CALLBACK has a
 * function write it. BUFF also takes the content itself as a Buffer or Uint8Array, and CALLBACK a function
 * `async (write) => { await write(chunk); … }`, whose `write` waits while the connection is full.
 * @param file_ext_name extension of content without a path, at most 6 characters; default none, or that of the path
 * @param file_size bytes that a function will write, where they are known: then it is one plain upload
 */
export async function fdfs_upload(
  local_filename: UploadSource,
  upload_type: Optional<UploadMode> = 'FILE',
  file_ext_name?: Optional<string>,
  file_size?: Optional<number>,
): Promise<Answer<Uploaded>> {
  return await withSession(async ({ client }) => {
    const options: UploadOptions = {
      ...(typeof local_filename === 'string' ? { filename: local_filename } : {}),
      ...(file_ext_name == null ? {} : { ext: file_ext_name }),
      ...(file_size == null ? {} : { size: file_size }),
    };
    const uploaded = await upload(client, local_filename, upload_type ?? 'FILE', options);
    const { group, remoteFilename } = uploaded;
    return { group_name: group, remote_filename: remoteFilename, file_url: urlOf(client, uploaded) };
  });
}

/**
 * Downloads a file, under a temporary name first.
 * @param local_filename default: the base name of the remote file, in the working directory and nowhere else
 */
export async function fdfs_download(
  group_name: string,
  remote_filename: string,
  local_filename?: Optional<string>,
): Promise<Answer<Downloaded>> {
  return await withSession(async ({ client }) => {
    if (local_filename != null) await refuseFolder(local_filename);
    const { path, size } = await client.downloadFile(
      `${group_name}/${remote_filename}`,
      local_filename ?? undefined,
    );
    return { local_filename: path, file_size: size };
  });
}

/** Removes a file and its metadata. */
export async function fdfs_delete(group_name: string, remote_filename: string): Promise<Answer> {
  return await withSession(async ({ client }) => {
    await client.delete(`${group_name}/${remote_filename}`);
    return {};
  });
}

/** The metadata of a file; none at all is an empty table. */
export async function fdfs_getmeta(
  group_name: string,
  remote_filename: string,
): Promise<Answer<MetadataTable>> {
  return await withSession(async ({ client }) => {
    const metadata = Object.entries(await client.getMetadata(`${group_name}/${remote_filename}`));
    return { meta_count: metadata.length, metatable: metadata.map(([name, value]) => `${name}=${value}`) };
  });
}

/**
 * Sets the metadata of a file.
 * @param op_flag `O` overwrites all metadata of the file, `M` merges
 * @param metadata `n1=v1,n2=v2`; a value may contain `=`, neither may contain a comma
 */
export async function fdfs_setmeta(
  group_name: string,
  remote_filename: string,
  op_flag: 'O' | 'M',
  metadata: string,
): Promise<Answer> {
  return await withSession(async ({ client }) => {
    if (op_flag !== 'O' && op_flag !== 'M') {
      throw new ArgumentError(`The flag must be O or M, not ${JSON.stringify(op_flag)}`);
    }
    const mode = op_flag === 'O' ? 'overwrite' : 'merge';
    await client.setMetadata(`${group_name}/${remote_filename}`, parsePairs(metadata), { mode });
    return {};
  });
}

/** The storages that are sure to have the file. Trackers do not know whether there is one. */
export async function fdfs_query_servers(
  group_name: string,
  remote_filename: string,
): Promise<Answer<ServerTable>> {
  return await withSession(async ({ client }) => {
    const servers = await client.locate(`${group_name}/${remote_filename}`);
    return { server_count: servers.length, storageServertable: servers.map(formatAddress) };
  });
}

/** Appends a local file to an appender file. */
export async function fdfs_append_file(appender_file_id: string, local_filename: string): Promise<Answer> {
  return await withSession(async ({ client }) => {
    parseFileId(appender_file_id);
    await refuseFolder(local_filename);
    await client.append(appender_file_id, createReadStream(local_filename));
    return {};
  });
}

/** What the id tells, and of appender and slave files, the server; those it reads whole for their checksum. */
export async function fdfs_file_info(file_id: string): Promise<Answer<FileInfo>> {
  return await withSession(async ({ client }) => {
    const info = await client.stat(file_id, { crc32: true });
    return {
      fileinfotable: {
        get_from_server: info.from === 'server',
        file_type: info.kind,
        source_id: info.sourceId ?? 0,
        source_ip_addr: info.sourceAddress,
        create_timestamp: Math.floor((info.modifiedAt ?? info.createdAt).getTime() / 1000),
        file_size: info.size,
        crc32: info.crc32 ?? 0,
      },
    };
  });
}

/** Uploads a local file as an appender file. */
export async function fdfs_upload_append(local_filename: string): Promise<Answer<UploadedAppender>> {
  return await withSession(async ({ client }) => {
    const { fileId } = await client.uploadFile(local_filename, { appender: true });
    return { file_id: fileId };
  });
}

/**
 * Groups and their storages.
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
 * @param tracker_server has to be the leader; default: whichever is
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

/** Closes every connection. Verbs after it answer as before `fdfs_init`; a second call does nothing. */
export async function fdfs_destroy(): Promise<Answer> {
  return await answer(async () => {
    const before = session;
    session = undefined;
    await before?.close();
    return {};
  });
}

/** Runs a verb that needs the client. */
async function withSession<Fields extends object>(
  run: (session: Session) => Promise<Fields>,
): Promise<Answer<Fields>> {
  const current = session;
  if (!current) {
    return { result: EINVAL, message: 'FastDFS is not initialised: call fdfs_init first' } as Answer<Fields>;
  }
  return await answer(() => run(current));
}

async function answer<Fields extends object>(run: () => Promise<Fields>): Promise<Answer<Fields>> {
  try {
    return { result: 0, ...(await run()) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { result: errnoOf(error), message } as Answer<Fields>;
  }
}

/** @throws why the tracker that was named cannot be reached */
async function assertReachable(admin: FastDFSAdmin, tracker_server: Optional<string>): Promise<void> {
  if (tracker_server == null) return;
  const [tracker] = await admin.listTrackers({ tracker: tracker_server });
  if (!tracker?.reachable) throw tracker?.error;
}

async function upload(
  client: FastDFSClient,
  source: UploadSource,
  mode: UploadMode,
  options: UploadOptions,
): Promise<UploadResult> {
  if (mode !== 'FILE' && mode !== 'BUFF' && mode !== 'CALLBACK') {
    throw new ArgumentError(`The upload type must be FILE, BUFF or CALLBACK, not ${JSON.stringify(mode)}`);
  }
  if (typeof source === 'string') {
    if (mode === 'FILE') return await client.uploadFile(source, options);
    await refuseFolder(source);
    if (mode === 'BUFF') return await client.upload(await readFile(source), options);
    return await client.upload((write) => sendFile(source, write), options);
  }
  if (mode === 'BUFF' && source instanceof Uint8Array) return await client.upload(source, options);
  if (mode === 'CALLBACK' && typeof source === 'function') return await client.upload(source, options);
  throw new ArgumentError(
    'FILE takes a path, BUFF a path or a Buffer, CALLBACK a path or a function that writes the content',
  );
}

async function sendFile(path: string, write: Write): Promise<void> {
  for await (const chunk of createReadStream(path)) await write(chunk);
}

/** @throws as Node does for a folder (EISDIR) and for nothing at all; an absent target is no error of a download */
async function refuseFolder(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isDirectory()) {
    throw Object.assign(new Error(`EISDIR: ${JSON.stringify(path)} is a directory`), {
      code: 'EISDIR',
      errno: -EISDIR,
    });
  }
}

/** Without `baseUrl` nobody knows where the web servers are; the C tools show the storage itself. */
function urlOf(client: FastDFSClient, { fileId, url, storage }: UploadResult): string {
  if (url !== undefined) return url;
  const host = formatHost(storage.host);
  return `http://${host}${client.url(fileId)}`;
}

/** @throws ArgumentError for a piece without `=` */
function parsePairs(text: string): Metadata {
  if (typeof text !== 'string') throw new ArgumentError('Metadata must be a string n1=v1,n2=v2');
  const pairs = text === '' ? [] : text.split(',');
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals < 0) throw new ArgumentError(`Metadata ${JSON.stringify(pair)} is not name=value`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

function trackerOption(tracker_server: Optional<string>): { tracker?: string } {
  return tracker_server == null ? {} : { tracker: tracker_server };
}
