/** Names the clients that a module provides. */
import { Inject } from '@nestjs/common';
import { FastDFSClient } from '../../client.js';

/**
 * Returns the injection token of a client. The one without a name is provided as `FastDFSClient`, so its type is enough where the
 * compiler emits decorator metadata.
 */
export function getFastDFSToken(name?: string): string | typeof FastDFSClient {
  return name === undefined ? FastDFSClient : `FastDFSClient:${name}`;
}

/**
 * Injects a client: `constructor(@InjectFastDFS() fdfs: FastDFSClient)`.
 * @param name of the client, where it has one
 */
export function InjectFastDFS(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getFastDFSToken(name));
}
