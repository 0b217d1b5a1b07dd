/** Reports the state of the cluster to Terminus. */
import { Inject, Injectable } from '@nestjs/common';
import type { FastDFSClient } from '../../client.js';
import {
  type Checks,
  checkOptions,
  enumOption,
  integerOption,
  objectOption,
} from '../../core/base/validate.js';
import { FastDFSAdmin, type Verdict } from '../../index.js';
import { getFastDFSToken } from './tokens.js';

/** Options of `isHealthy()`. */
export interface FastDFSHealthOptions {
  /** Client to check. Default: the one without a name. */
  client?: FastDFSClient | undefined;
  /** The verdict from which on the status is `down`: `'down'` or `'degraded'`. Default `'down'`: uploads are possible until then. */
  failOn?: Exclude<Verdict, 'ok'> | undefined;
  /** How long to wait for the cluster, in milliseconds; it counts as down then. Default 5000. */
  timeoutMs?: number | undefined;
}

/** Result in the form of Terminus, for versions 11 and 12. */
export type FastDFSHealthResult<Key extends string = string> = Record<
  Key,
  {
    /** What Terminus decides by. */
    status: 'up' | 'down';
    /** What `FastDFSAdmin.health()` found. */
    verdict: Verdict;
    /** Number of groups that the trackers know. */
    groups: number;
  }
>;

const CHECKS: Checks<FastDFSHealthOptions> = {
  client: objectOption,
  failOn: enumOption('down', 'degraded'),
  timeoutMs: integerOption(1),
};

/**
 * A health indicator: `health.check([() => fdfs.isHealthy('fastdfs')])`. Provided by `FastDFSModule`; it needs no package but Terminus
 * itself, and loads not even that.
 */
export class FastDFSHealthIndicator {
  readonly #client: FastDFSClient;

  /** @param client the one to check by default */
  constructor(client: FastDFSClient) {
    this.#client = client;
  }

  /**
   * Looks at the cluster once. Never throws for what is wrong with it. Servers are not named in the result: `/health` is often public.
   * @param key of the result
   */
  async isHealthy<Key extends string = 'fastdfs'>(
    key: Key = 'fastdfs' as Key,
    options: FastDFSHealthOptions = {},
  ): Promise<FastDFSHealthResult<Key>> {
    checkOptions('isHealthy()', options, CHECKS);
    const { client = this.#client, failOn = 'down', timeoutMs = 5000 } = options;
    const { verdict, groups } = await new FastDFSAdmin(client)
      .health({ signal: AbortSignal.timeout(timeoutMs) })
      .catch(() => ({ verdict: 'down' as const, groups: [] }));
    const isDown = verdict === 'down' || verdict === failOn;
    const result = {
      status: isDown ? ('down' as const) : ('up' as const),
      verdict,
      groups: groups.length,
    };
    return { [key]: result } as FastDFSHealthResult<Key>;
  }
}

// Decorators as calls: bundlers and type strippers need no setting for them.
Injectable()(FastDFSHealthIndicator);
Inject(getFastDFSToken())(FastDFSHealthIndicator, undefined, 0);
