/** Requests made and replies read by hand: nothing of this package is in them. */

export function frame(command: number, params: Uint8Array, content = 0): Buffer {
  const buffer = Buffer.alloc(10 + params.length);
  buffer.writeBigInt64BE(BigInt(params.length + content), 0);
  buffer[8] = command;
  buffer.set(params, 10);
  return buffer;
}

/** QUERY_STORE_WITHOUT_GROUP_ONE */
export const STORE_QUERY = frame(101, Buffer.alloc(0));

export function uploadHead(size: number, storePath: number): Buffer {
  const params = Buffer.alloc(15);
  params[0] = storePath;
  params.writeBigInt64BE(BigInt(size), 1);
  return frame(11, params, size);
}

/** group 16, remote filename */
function nameOf(fileId: string): Buffer {
  const slash = fileId.indexOf('/');
  const buffer = Buffer.alloc(16 + fileId.length - slash - 1);
  buffer.write(fileId.slice(0, slash), 0, 'latin1');
  buffer.write(fileId.slice(slash + 1), 16, 'latin1');
  return buffer;
}

/** QUERY_FETCH_ONE */
export function fetchQuery(fileId: string): Buffer {
  return frame(102, nameOf(fileId));
}

export function downloadHead(fileId: string): Buffer {
  return frame(14, Buffer.concat([Buffer.alloc(16), nameOf(fileId)]));
}

/** FETCH_ONE_PATH_BINLOG */
export function listRequest(group: string, storePath: number): Buffer {
  const params = Buffer.alloc(17);
  params.write(group, 0, 'latin1');
  params[16] = storePath;
  return frame(26, params);
}

export function fileIdOf(body: Buffer): string {
  return `${body.toString('latin1', 0, 16).replace(/\0.*$/s, '')}/${body.toString('latin1', 16)}`;
}

/** Address and port behind the group name of a query's reply. */
export function addressOf(body: Buffer): { host: string; port: number } {
  const width = body.length >= 69 ? 45 : 15;
  const host = body.toString('latin1', 16, 16 + width).replace(/\0.*$/s, '');
  return { host, port: Number(body.readBigInt64BE(16 + width)) };
}
