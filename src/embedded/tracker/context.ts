/** What a command of the embedded trackers gets and gives: a request's body in, a reply's body out. */
import type { TrackerPolicy } from './policy.js';
import type { TrackerView } from './view.js';

export interface TrackerContext {
  readonly view: TrackerView;
  readonly policy: TrackerPolicy;
}

export interface TrackerRequest {
  readonly body: Buffer;
  /** IP address of the caller. */
  readonly remoteAddress: string;
}

/** Answers a request with a body, or with none; throws Refused for any other status. */
export type TrackerCommand = (context: TrackerContext, request: TrackerRequest) => Buffer | undefined;
