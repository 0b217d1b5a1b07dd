/**
 * What differs between server versions, as switches. Layouts are chosen here only; everything else
 * behaves as in 6.16.
 */
import { ArgumentError } from '../core/base/errors.js';
import { IPV4_ADDRESS_BYTES, IPV6_ADDRESS_BYTES } from '../core/model/limits.js';

export interface Traits {
  readonly version: string;
  /** Bytes of an address in records; replies to queries have one less. */
  readonly addressBytes: number;
  readonly group: {
    /** Counts of readable and writable servers; older records have an HTTP port and an active count there. */
    readonly hasReadWriteCounts: boolean;
    readonly hasReserved: boolean;
  };
  readonly storage: {
    readonly hasRwMode: boolean;
    readonly hasDomainAndHttpPort: boolean;
    readonly hasReserved: boolean;
    readonly hasConnections: boolean;
    readonly versionBytes: number;
  };
  /** Request size of FETCH_STORAGE_IDS. */
  readonly idsRequestBytes: number;
  /** GET_SERVER_ID, GET_STORAGE_STATUS and GET_MY_IP name a server by address and port; older ones by the address alone. */
  readonly namesServersByPort: boolean;
  readonly hasMyIp: boolean;
  readonly trackerClosesOnInvalid: boolean;
  readonly canRegenerate: boolean;
  /** TRUNCATE_FILE can make a file larger; before 5.12 it is refused. */
  readonly canExtend: boolean;
  /** CRC-32 as it was before FastDFS 5.12: with an arithmetic shift. */
  readonly hasSignedCrc: boolean;
  /** Storages read files of these kinds to compute their CRC-32; older ones repeat the one in the name. */
  readonly computesCrc: { readonly appender: boolean; readonly slave: boolean };
  /** The flags byte of QUERY_FILE_INFO can switch the computing off. */
  readonly hasInfoFlags: boolean;
  /** Downloads are cut to what remains, and an offset at the end is refused. */
  readonly shortensDownloads: boolean;
  readonly hasLeaderCommands: boolean;
  readonly hasClusterStats: boolean;
}

/** Returns the traits of a version. @param addressBytes of the configuration; only servers from 6.15.0 on have a choice */
export function readTraits(version: string, addressBytes: number): Traits {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?$/.exec(version);
  if (!match) {
    throw new ArgumentError(`serverVersion ${JSON.stringify(version)} must look like '6.16.1'`);
  }
  // Old releases are written 5.04 and 6.02: the minor number is read as a number either way.
  const rank = (major: number, minor: number, patch = 0) => (major * 1000 + minor) * 1000 + patch;
  const own = rank(Number(match[1]), Number(match[2]), Number(match[3] ?? 0));
  const since = (major: number, minor: number, patch = 0) => own >= rank(major, minor, patch);
  let bytes = IPV4_ADDRESS_BYTES;
  if (since(6, 15)) bytes = addressBytes;
  else if (since(6, 11)) bytes = IPV6_ADDRESS_BYTES;
  return {
    version,
    addressBytes: bytes,
    group: { hasReadWriteCounts: since(6, 13), hasReserved: since(6, 13, 1) },
    storage: {
      hasRwMode: since(6, 13),
      hasDomainAndHttpPort: !since(6, 13),
      hasReserved: since(6, 13, 1),
      hasConnections: since(5, 4),
      versionBytes: since(6, 12) ? 8 : 6,
    },
    idsRequestBytes: since(6, 11) ? 5 : 4,
    namesServersByPort: since(6, 16),
    hasMyIp: since(6, 0),
    trackerClosesOnInvalid: !since(6, 9),
    canRegenerate: since(6, 2),
    canExtend: since(5, 12),
    hasSignedCrc: !since(5, 12),
    computesCrc: { appender: since(6, 2), slave: since(6, 15, 1) },
    hasInfoFlags: since(6, 15, 1),
    shortensDownloads: since(6, 15, 4),
    hasLeaderCommands: since(6, 15, 5),
    hasClusterStats: since(6, 16),
  };
}
