/** What configurations may ask about this machine. Passed in, so that tests need not run on a certain one. */
import { hostname, networkInterfaces } from 'node:os';

export interface Host {
  name(): string;
  /** Addresses of this machine without 127.0.0.1 and ::1. */
  addresses(): string[];
}

export const thisHost: Host = {
  name: hostname,
  addresses: () =>
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map(({ address }) => address)
      .filter((address) => address !== '127.0.0.1' && address !== '::1'),
};
