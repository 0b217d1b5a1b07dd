/**
 * Files on their way. An upload is over when the server lists its file, however the connection ended; until then it
 * has one of the states
 * `queued`, `sending`, `paused`, `waiting` (for the connection), `storing`, `failed`.
 */

import { describeStatus, text } from './words.js';

/**
 * For as long as a dropped connection is tried again: about a minute. A longer break needs a click. The server gets a
 * moment to store what has arrived, and to say so.
 */
const RETRY_DELAYS_MS = [1_500, 2_000, 3_000, ...new Array(11).fill(5_000)];
/** The speed is an average over this long. */
const SPEED_MS = 3_000;

class Upload extends EventTarget {
  state = 'queued';
  sent = 0;
  message = '';
  #samples = [];

  constructor(file) {
    super();
    this.file = file;
    /** Under this name the server lists the file. */
    this.key = crypto.randomUUID();
  }

  get name() {
    return this.file.name;
  }

  get total() {
    return this.file.size;
  }

  /** Bytes per second; 0 while unknown. */
  get speed() {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    return last && last.at > first.at ? (last.sent - first.sent) / ((last.at - first.at) / 1000) : 0;
  }

  /** Occupies a connection. */
  get active() {
    return ['sending', 'waiting', 'storing'].includes(this.state);
  }

  become(state, message = '') {
    if (state !== 'sending') this.#samples = [];
    this.state = state;
    this.message = message;
    this.dispatchEvent(new Event('change'));
  }

  progress(sent) {
    const now = performance.now();
    this.#samples = [...this.#samples.filter(({ at }) => now - at < SPEED_MS), { at: now, sent }];
    this.sent = sent;
    this.become(sent < this.total ? 'sending' : 'storing');
  }
}

/** Can be paused, and continues where it stopped: after a dropped connection, and after the page was closed. */
export class ResumableUpload extends Upload {
  pausable = true;
  #tus;
  #started = false;

  constructor(file) {
    super(file);
    this.#tus = new globalThis.tus.Upload(file, {
      endpoint: new URL('tus', document.baseURI).href,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      onProgress: (sent) => {
        if (this.active) this.progress(sent);
      },
      onShouldRetry: (error) => this.#shouldRetry(error),
      onSuccess: () => {
        if (this.active) this.become('storing');
      },
      onError: (error) => this.#fail(error),
    });
  }

  /** @param taken keys of files and of other uploads, which must not be continued */
  async start(taken) {
    this.become('sending');
    if (!this.#started) {
      this.#started = true;
      const earlier = await this.#tus.findPreviousUploads();
      const same = earlier.findLast(({ metadata }) => metadata.key && !taken.has(metadata.key));
      if (same) {
        this.key = same.metadata.key;
        this.#tus.resumeFromPreviousUpload(same);
      }
      this.#tus.options.metadata = { key: this.key, filename: this.name, filetype: this.file.type };
      this.dispatchEvent(new Event('named'));
    }
    if (this.state === 'sending') this.#tus.start();
  }

  async pause() {
    this.become('paused');
    await this.#tus.abort();
  }

  /** Leaves nothing in FastDFS, unless the server cannot be reached. */
  async cancel() {
    this.become('cancelled');
    await this.#tus.abort(this.#tus.url !== null).catch(() => undefined);
  }

  /** The server has the file, even if its answer was lost; one that is still to come is not cut off. */
  async finish() {
    const waits = !['sending', 'storing'].includes(this.state);
    this.become('done');
    if (waits) await this.#tus.abort().catch(() => undefined);
  }

  #shouldRetry(error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    // 503 and 507 last longer than a dropped connection: a person decides when to try again.
    const passing = [0, 409, 423, 500, 502, 504].includes(status);
    if (passing && this.active) this.become('waiting', text('connectionLost'));
    return passing && this.active;
  }

  #fail(error) {
    if (!this.active) return;
    const status = error.originalResponse?.getStatus();
    this.become('failed', status ? describeStatus(status) : text('unreachable'));
  }
}

/** A form, as any page could send it: whole or not at all. */
export class FormUpload extends Upload {
  pausable = false;
  #request;

  async start() {
    const form = new FormData();
    form.append('key', this.key);
    form.append('file', this.file);
    const request = new XMLHttpRequest();
    this.#request = request;
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded, total }) => {
      // The form is a little larger than the file.
      if (this.active) this.progress(Math.round((loaded / total) * this.total));
    };
    request.onload = () => {
      if (request.status === 201) this.become('storing');
      else this.become('failed', describeStatus(request.status));
    };
    request.onerror = () => this.become('failed', text('broken'));
    request.open('POST', 'u');
    request.send(form);
    this.become('sending');
  }

  async cancel() {
    this.become('cancelled');
    this.#request?.abort();
  }

  async finish() {
    this.become('done');
  }
}

/** Starts uploads as connections get free, oldest first. */
export class UploadQueue {
  #uploads = new Set();
  #limit;
  #listed;

  /** @param listed returns the keys of the files that are stored */
  constructor(limit, listed) {
    this.#limit = limit;
    this.#listed = listed;
  }

  add(upload) {
    this.#uploads.add(upload);
    upload.addEventListener('change', () => {
      if (['done', 'cancelled'].includes(upload.state)) this.#uploads.delete(upload);
      this.#fill();
    });
    this.#fill();
  }

  get(key) {
    return [...this.#uploads].find((upload) => upload.key === key);
  }

  /** What waited for the connection, or gave up on it, goes on. */
  reconnect() {
    for (const upload of this.#uploads) {
      if (upload.state === 'failed' && upload.pausable) this.resume(upload);
    }
  }

  resume(upload) {
    upload.become('queued');
  }

  #fill() {
    const active = [...this.#uploads].filter((upload) => upload.active).length;
    const next = [...this.#uploads].find((upload) => upload.state === 'queued');
    if (!next || active >= this.#limit) return;
    const others = [...this.#uploads].filter((upload) => upload !== next);
    void next.start(new Set([...others.map(({ key }) => key), ...this.#listed()]));
    this.#fill();
  }
}
