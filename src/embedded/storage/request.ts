/** What a storage command gets to work with, and the checks that several of them share. */

import { type ClusterModel, nowSeconds, type StorageNode } from '../model.js';
import { Body } from '../wire/body.js';
import { type Connection, FIRST_BLOCK } from '../wire/connection.js';
import { refuseUnless, STATUS } from '../wire/status.js';
import type { Reply } from '../wire/wire-server.js';
import type { Counter } from './counters.js';
import { dataName, groupField, MIN_APPENDER_NAME, NAME_LIMIT } from './file-names.js';

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

/** The content that follows `at` bytes of parameters. */
export function contentOf(request: StorageRequest, at: number): Body {
  return new Body(request.first.subarray(at), request.length - at, request.connection);
}

/** A signed 64-bit field; beyond 2^53 imprecise, which no size that is taken comes near. */
export function int64At(bytes: Buffer, at: number): number {
  return Number(bytes.readBigInt64BE(at));
}

/** @throws Refused (22) when the request is for another group: storages do not say 2 here */
export function checkGroupField(context: StorageContext, bytes: Buffer, at: number): void {
  refuseUnless(groupField(bytes, at) === context.node.group.name, STATUS.INVALID);
}

/** The name of an appender file that a change is for, still to be looked up. */
export function appenderNameAt(
  request: StorageRequest,
  at: number,
  length: number,
): { remote: string; data: string } {
  const field = request.first.subarray(at, at + length);
  return { remote: field.toString('latin1'), data: dataName(field) };
}

/** Whether a length field may stand for the name of an appender file. */
export function isAppenderNameLength(length: number): boolean {
  return length >= MIN_APPENDER_NAME && length < NAME_LIMIT;
}

/** @throws Refused (2) while a replica has not got the file yet */
export function checkHeld(context: StorageContext, data: string): void {
  const { group, index } = context.node;
  refuseUnless(group.replication.holds(data, index), STATUS.NOT_FOUND);
}

/** What a command has done, for the statistics: refused requests and those that change nothing are not counted. */
export interface Done {
  /** Which command, and its content in bytes where it has any. */
  readonly counter: Counter;
  readonly bytes?: readonly [counter: Counter, amount: number];
  /** How often the disk was asked; content goes there block by block. */
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
