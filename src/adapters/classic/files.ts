/** The verbs on files. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createDirectoryError } from '../../core/base/errors.js';
import { formatHost } from '../../core/model/address.js';
import {
  ArgumentError,
  type FastDFSClient,
  formatAddress,
  type Metadata,
  parseFileId,
  type UploadOptions,
  type UploadResult,
} from '../../index.js';
import { withSession } from './session.js';
import type {
  Answer,
  Downloaded,
  FileInfo,
  MetadataTable,
  Optional,
  ServerTable,
  Uploaded,
  UploadedAppender,
  UploadMode,
  UploadSource,
  Write,
} from './types.js';

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
    return { group_name: group, remote_filename: remoteFilename, file_url: createFileUrl(client, uploaded) };
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
    if (local_filename != null) await assertNoFolder(local_filename);
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

/** Reads the metadata of a file; without any the table is empty. */
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

/** Lists the storages that should have the file. Trackers do not know whether it exists. */
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
    await assertNoFolder(local_filename);
    await client.append(appender_file_id, createReadStream(local_filename));
    return {};
  });
}

/** Reads what the id holds, and asks the server about appender and slave files, which it reads whole for their checksum. */
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
    await assertNoFolder(source);
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

/** Throws EISDIR for a folder, as Node does, and errors of the file system. A path that does not exist passes. */
async function assertNoFolder(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats?.isDirectory()) throw createDirectoryError(path, 'open');
}

/** Without `baseUrl` the web servers are unknown; the C tools print the storage itself. */
function createFileUrl(client: FastDFSClient, { fileId, url, storage }: UploadResult): string {
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
