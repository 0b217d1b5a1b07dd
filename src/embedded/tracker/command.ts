/** What a command of the embedded trackers is: a request's body in, a reply's body out. */
import type { TrackerView } from './view.js';

export interface TrackerRequest {
  readonly body: Buffer;
  /** IP address of the caller. */
  readonly remoteAddress: string;
}

/** Answers a request with a body, or with none; throws Refused for any other status. */
export type TrackerCommand = (view: TrackerView, request: TrackerRequest) => Buffer | undefined;
