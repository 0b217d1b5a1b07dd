/** Reads the content of one part of a form, or of a request, and moves it to where it is stored. */
import { type Duplex, pipeline, type Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { onAbort } from '../../core/base/abort.js';
import { NetworkError } from '../../core/base/errors.js';
import { TruncatedError } from './truncated-error.js';

/** The content of a part. Busboy ends a part that is over the limit like any other, and sets `truncated`. */
export interface PartStream extends Readable {
  /** The content was cut at the limit of the form. */
  truncated?: boolean;
}

/** The first bytes of a part. */
export interface PartHead {
  readonly chunks: readonly Buffer[];
  /** The part has ended: this is all of it. */
  readonly whole: boolean;
}

export interface PartOptions {
  /** Makes the error for a part that was cut at the limit of the form. Default: a TruncatedError. */
  tooLarge?: () => Error;
  /** Ends the reading; what waits for it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

export interface PumpOptions {
  /** What has been read of the part already. */
  head?: readonly Buffer[];
  /**
   * A part that breaks off ends the target, so that all that has come is stored, before the pump rejects. Default false: the
   * target is destroyed.
   */
  keepPartial?: boolean;
}

export class PartReader {
  readonly stream: Readable;
  /**
   * Resolves when all content has been read. Rejects when the part was cut at a limit, failed, or closed before its end. May be
   * left without a handler.
   */
  readonly ended: Promise<void>;
  readonly #release: () => void;

  /** @param release lets go of what the stream is fed by */
  private constructor(stream: Readable, ended: Promise<void>, release: () => void) {
    this.stream = stream;
    this.ended = ended;
    this.#release = release;
    ended.catch(() => undefined);
  }

  /**
   * Watches a part from now on; reads nothing yet. The stream is never destroyed: that would keep busboy from ever finishing
   * its form.
   */
  static open(stream: PartStream, options: PartOptions = {}): PartReader {
    return new PartReader(stream, waitForEnd(stream, options), () => stream.resume());
  }

  /**
   * Returns a reader of what the content becomes in `transforms`. It ends when the part itself has ended, too: a transform may
   * have enough before.
   */
  through(transforms: readonly Duplex[]): PartReader {
    const [first, last] = [transforms[0], transforms.at(-1)];
    if (!first || !last) return this;
    const { stream } = this;
    const transformed = waitForEnd(last, {});
    // Destroys all of them when one fails; the failure arrives by the last.
    if (transforms.length > 1) pipeline(transforms, () => undefined);
    this.ended.then(
      () => first.end(),
      (error) => first.destroy(error),
    );
    stream.pipe(first, { end: false });
    transformed.catch(() => undefined).then(() => this.#leave(first));
    const ended = Promise.all([transformed, this.ended]).then(() => undefined);
    return new PartReader(last, ended, () => {
      for (const transform of transforms) transform.destroy();
    });
  }

  /**
   * Reads until the part ends, or until more than `limit` bytes have come; then the part is paused.
   * @throws what {@link ended} rejects with
   */
  readHead(limit: number): Promise<PartHead> {
    const { stream } = this;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const onData = (given: Buffer | string) => {
        // A stream that an application put in place of the part's may send text.
        const chunk = typeof given === 'string' ? Buffer.from(given) : given;
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes <= limit) return;
        stream.off('data', onData);
        stream.pause();
        resolve({ chunks, whole: false });
      };
      this.ended
        .then(() => resolve({ chunks, whole: true }), reject)
        .finally(() => stream.off('data', onData));
      stream.on('data', onData);
    });
  }

  /**
   * Moves the content to `target`, and ends that when the content was whole. Resolves when the target has finished. Otherwise it
   * rejects after the target has closed, and the rest of the part is read and thrown away.
   * @throws the error of the target; or what {@link ended} rejects with
   */
  async pump(target: Writable, { head = [], keepPartial = false }: PumpOptions = {}): Promise<void> {
    target.on('error', () => undefined);
    const stored = finished(target);
    this.ended.then(
      () => target.end(),
      (error) => {
        this.stream.unpipe(target);
        if (keepPartial) target.end();
        else target.destroy(error);
      },
    );
    for (const chunk of head) target.write(chunk);
    this.stream.pipe(target, { end: false });
    try {
      await stored;
    } catch (error) {
      if (!target.closed) await new Promise((resolve) => target.once('close', resolve));
      throw error;
    } finally {
      this.drain();
    }
    await this.ended;
  }

  /** Several transforms may read the part; the last to leave lets the rest of it run out. */
  #leave(target: Writable): void {
    this.stream.unpipe(target);
    if (this.stream.listenerCount('data') === 0) this.#release();
  }

  /** Reads what is left of the part and throws it away, so that the form goes on. */
  drain(): void {
    this.stream.unpipe();
    this.#release();
  }
}

function waitForEnd(stream: PartStream, { tooLarge, signal }: PartOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const release = onAbort(signal, reject);
    const fail = (error: Error) => {
      release();
      reject(error);
    };
    const onLimit = () => fail(tooLarge?.() ?? new TruncatedError());
    const onEnd = () => {
      if (stream.truncated) return onLimit();
      // The error of a part that closes early has a stack, which each part would pay for.
      stream.off('close', onClose);
      release();
      resolve();
    };
    const onClose = () => {
      fail(
        stream.errored ??
          new NetworkError('FASTDFS_REQUEST_ABORTED', 'The request ended in the middle of a file'),
      );
    };
    // Forms fail the streams of their parts also after they have been read: the listener stays.
    stream.on('error', fail);
    if (stream.truncated) onLimit();
    else if (stream.readableEnded) onEnd();
    else if (stream.destroyed) onClose();
    stream.once('limit', onLimit);
    stream.once('end', onEnd);
    stream.once('close', onClose);
  });
}
