/**
 * The suite of abstract-blob-store, as a program: `blob-store-suite.ts <trackers> [indexed]`. It writes TAP, and exits
 * with 1 when something failed.
 */
import { createRequire } from 'node:module';
import {
  type FdfsBlobStore,
  fdfsBlobStore,
  type RemoveCallback,
} from '../../../src/adapters/blob-store/index.js';
import { createClient } from '../../../src/index.js';

type Tape = ((title: string, body: unknown) => void) & { onFinish(done: () => void): void };
type Suite = (tape: Tape, common: object) => void;

const require = createRequire(import.meta.url);
const tape = require('tape') as Tape;
const suite = require('abstract-blob-store/tests') as Suite;

const [trackers = '', indexed] = process.argv.slice(2);
const client = createClient({ trackers: trackers.split(',') });
tape.onFinish(() => void client.close());

suite(tape, {
  setup(_test: unknown, callback: (error: null, store: FdfsBlobStore) => void) {
    callback(null, fdfsBlobStore(client, indexed ? { index: new Map() } : {}));
  },
  teardown(
    _test: unknown,
    store: FdfsBlobStore,
    blob: { key: string } | undefined,
    callback: RemoveCallback,
  ) {
    if (blob) store.remove(blob, callback);
    else callback(null);
  },
});
