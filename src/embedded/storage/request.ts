/** What a storage command works with, and the checks that several of them share. */
import { type ClusterModel, nowSeconds, type StorageNode } from '../model.js';
import { Body } from '../wire/body.js';
import { type Connection, FIRST_BLOCK } from '../wire/connection.js';
import { Refused, refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import type { Counter } from './counters.js';
import { MIN_APPENDER_NAME, NAME_LIMIT, readGroupField, readRemoteName } from './file-names.js';

export interface StorageContext {
  readonly model: ClusterModel;
  readonly node: StorageNode;
}

export interface StorageRequest {
  /** Bytes of the whole body. */
  readonly length: number;
  /** The first block of the body: all of it, or at least all parameters. */
  readonly first: Buffer;
  /** Status byte of the request's header. */
  readonly flags: number;
  readonly connection: Connection;
}

export interface StorageCommand {
  /** Its content is taken in pieces; without this a body beyond the first block is refused. */
  readonly streams?: boolean;
  run(context: StorageContext, request: StorageRequest): Promise<Reply>;
}

/** Returns the content that follows `at` bytes of parameters. */
export function openBody(request: StorageRequest, at: number): Body {
  return new Body(request.first.subarray(at), request.length - at, request.connection);
}

/** Reads a signed 64-bit field; imprecise beyond 2^53, which no accepted size comes near. */
export function readInt64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64BE(at));
}

/** @throws Refused (22) when the request is for another group: storages do not answer 2 here */
export function checkGroupField(context: StorageContext, bytes: Buffer, at: number): void {
  refuseUnless(readGroupField(bytes, at) === context.node.group.name, STATUS.INVALID);
}

/** Returns the remote filename that a field means. @throws Refused (22; 2 for a slave that has the length of a trunk file's name) */
export function readName({ model, node }: StorageContext, field: Buffer): string {
  const name = readRemoteName(field, model.options.storePaths);
  refuseUnless(node.slots?.finds(name) !== false, STATUS.NOT_FOUND);
  return name;
}

/** Whether a length field can be that of an appender file's name. */
export function isAppenderNameLength(length: number): boolean {
  return length >= MIN_APPENDER_NAME && length < NAME_LIMIT;
}

/** What a command has done, for the statistics: refused requests and those that change nothing are not counted. */
export interface Done {
  /** Which command, and its content in bytes where it has any. */
  readonly counter: Counter;
  readonly bytes?: readonly [counter: Counter, amount: number];
  /** How often the disk was accessed; content goes there block by block. */
  readonly access?: 'fileRead' | 'fileWrite';
  /** Clients' changes carry a time of their own. */
  readonly change: boolean;
}

export function count(context: StorageContext, { counter, bytes, access, change }: Done): void {
  const { counters } = context.node;
  counters.done(counter);
  if (bytes !== undefined) counters.done(...bytes);
  if (access !== undefined) {
    counters.done('fileOpen');
    counters.done(access, Math.max(1, Math.ceil((bytes?.[1] ?? 0) / FIRST_BLOCK)));
  }
  if (change) counters.lastSourceUpdate = nowSeconds();
}

/** What is not a file: 22 here, where a download answers 21. */
export function refuseDirectory(error: unknown): never {
  throw error instanceof Refused ? new Refused(STATUS.INVALID) : error;
}
