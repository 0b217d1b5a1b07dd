/** Options of downloads. */
import { ArgumentError } from '../../core/base/errors.js';
import type { OnProgress } from '../../core/base/progress.js';
import {
  booleanOption,
  CALL_OPTIONS,
  type CallOptions,
  type Checks,
  checkOptions,
  functionOption,
  integerOption,
  stringOption,
} from '../../core/base/validate.js';

/** Which bytes of a file, both ends included. */
export interface DownloadRange {
  /** First byte, from 0. Default 0. */
  start?: number | undefined;
  /** Last byte, inclusive. Default: the end of the file. */
  end?: number | undefined;
}

/** Which bytes to fetch, from where, and whether to check them. */
export interface DownloadSettings extends DownloadRange, CallOptions {
  /** Compare the CRC-32 of a whole ordinary file with the one in its id. Default true. */
  verify?: boolean | undefined;
  /**
   * Reads from this storage alone, without fail-over: `host:port`, or the storage's id or address. Default: the storages
   * that the trackers name, one after the other.
   */
  storage?: string | undefined;
  /** Called when content has arrived. What it throws ends the download. Default: none. */
  onProgress?: OnProgress | undefined;
}

/** As {@link DownloadSettings}, and over how many connections. */
export interface DownloadFileSettings extends DownloadSettings {
  /**
   * Connections to read ranges of the file over, spread over the storages that have it; at most 64, and never more than half of
   * `pool.maxPerServer`. Helps where each connection is slower than the network, and takes connections that other calls may
   * wait for. Small files, appender and slave files, and targets that are no regular files take one. Default 1.
   */
  parallel?: number | undefined;
}

/** As {@link DownloadSettings}, and how much a stream keeps ready. */
export interface DownloadOptions extends DownloadSettings {
  /** Bytes kept ready for the reader. Default 32 KiB. */
  highWaterMark?: number | undefined;
}

export const DOWNLOAD_SETTINGS: Checks<DownloadSettings> = {
  ...CALL_OPTIONS,
  start: integerOption(),
  end: (value) => (value === Number.POSITIVE_INFINITY ? undefined : integerOption()(value)),
  verify: booleanOption,
  storage: stringOption,
  onProgress: functionOption,
};
const DOWNLOAD_FILE_SETTINGS: Checks<DownloadFileSettings> = {
  ...DOWNLOAD_SETTINGS,
  parallel: integerOption(1, 64),
};
const DOWNLOAD_OPTIONS: Checks<DownloadOptions> = { ...DOWNLOAD_SETTINGS, highWaterMark: integerOption() };

/** @throws ArgumentError naming the option, or for a range that ends before it starts */
export function checkDownloadSettings(call: string, settings: DownloadSettings | undefined): void {
  checkOptions(call, settings, DOWNLOAD_SETTINGS);
  checkRange(settings);
}

/** @throws ArgumentError naming the option, or for a range that ends before it starts */
export function checkDownloadFileSettings(settings: DownloadFileSettings | undefined): void {
  checkOptions('downloadFile()', settings, DOWNLOAD_FILE_SETTINGS);
  checkRange(settings);
}

/** @throws ArgumentError naming the option, or for a range that ends before it starts */
export function checkDownloadOptions(options: DownloadOptions | undefined): void {
  checkOptions('createDownloadStream()', options, DOWNLOAD_OPTIONS);
  checkRange(options);
}

function checkRange({ start = 0, end = Number.POSITIVE_INFINITY }: DownloadRange = {}): void {
  if (end < start) throw new ArgumentError(`\`end\` (${end}) is before \`start\` (${start})`);
}
