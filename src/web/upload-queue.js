// Files on their way into the room's queue: one after the other, in the order in which they were
// given, each with its own end.
//
// Pure but for its events: the request, the key and the time come in. A file that fails never keeps
// the next from its turn, and what was cut off by the network begins again by itself when the room
// is back. At most one file is being sent at any time, so that the order holds and the music keeps
// its share of the network.
//
// Events: 'change', 'added' (detail: { upload, entry }), 'failed' (detail: upload).

import { uploadFailure } from './upload-words.js';

/** Nothing went out for so long: this connection is dead, whatever it says itself. */
const STALL_MS = 30_000;

/** After a cut the next file waits so long: maybe the network is away for all of them. */
const PAUSE_MS = 3000;

/** How quickly the shown rate follows the real one, per second. */
const RATE_PER_SEC = 0.5;

const UPLOADS_MAX = 1000;

export class UploadQueue extends EventTarget {
  /** Each `{ id, file, state, sentBytes, bytesPerSec, problem }`; state is 'waiting', 'sending' or 'failed'. */
  uploads = [];
  #send;
  #nowMs;
  #key = null;
  #bytesMax = Infinity;
  #nextId = 1;
  #stop = null;
  #movedAtMs = 0;
  #notBeforeMs = -Infinity;

  /** `send` is `sendFile` with the room filled in; `nowMs()` a clock that never jumps. */
  constructor({ send, nowMs }) {
    super();
    this.#send = send;
    this.#nowMs = nowMs;
  }

  get busy() {
    return this.uploads.some((upload) => upload.state !== 'failed');
  }

  add(files) {
    const free = Math.max(0, UPLOADS_MAX - this.uploads.length);
    const added = [...files].slice(0, free).map((file) => this.#upload(file));
    this.uploads = [...this.uploads, ...added];
    this.#goOn();
  }

  /** The key that opens the door now, or null while it is closed. A new one mends what was cut. */
  setKey(key) {
    if (key === this.#key) return;
    this.#key = key;
    if (key !== null) {
      this.#notBeforeMs = -Infinity;
      for (const upload of this.uploads) if (upload.problem?.mends) rewind(upload);
    }
    this.#goOn();
  }

  /** What the server takes of one file; what is larger is not even begun. */
  setBytesMax(bytesMax) {
    this.#bytesMax = bytesMax;
    for (const upload of this.uploads) {
      if (upload.state === 'waiting') upload.problem = this.#problemBeforehand(upload.file);
      if (upload.problem !== null) upload.state = 'failed';
    }
    this.#goOn();
  }

  retry(id) {
    const upload = this.#find(id);
    if (upload?.state !== 'failed') return;
    rewind(upload);
    this.#notBeforeMs = -Infinity;
    this.#goOn();
  }

  /** Takes it off the list, wherever it is; what was sent of it is forgotten. */
  cancel(id) {
    const upload = this.#find(id);
    if (upload?.state === 'sending') this.#stopSending();
    this.uploads = this.uploads.filter((other) => other !== upload);
    this.#goOn();
  }

  cancelAll() {
    this.#stopSending();
    this.uploads = [];
    this.#tell();
  }

  /** To be called now and then: finds the stalled and begins what had to wait. */
  tick() {
    const sending = this.#sending();
    if (sending && this.#nowMs() - this.#movedAtMs > STALL_MS) {
      this.#stopSending();
      this.#failed(sending, { status: 0, text: '' });
    } else if (!sending) this.#goOn({ quiet: true });
  }

  #upload(file) {
    const problem = this.#problemBeforehand(file);
    const state = problem === null ? 'waiting' : 'failed';
    const id = this.#nextId;
    this.#nextId += 1;
    return { id, file, state, sentBytes: 0, bytesPerSec: null, problem };
  }

  #problemBeforehand({ size }) {
    if (size === 0) return uploadFailure({ status: 'empty' });
    if (size > this.#bytesMax) {
      return uploadFailure({ status: 413, bytes: size, bytesMax: this.#bytesMax });
    }
    return null;
  }

  #goOn({ quiet = false } = {}) {
    const upload = this.uploads.find((other) => other.state === 'waiting');
    const may = this.#key !== null && this.#nowMs() >= this.#notBeforeMs;
    if (upload && may && !this.#sending()) this.#begin(upload);
    else if (!quiet) this.#tell();
  }

  #begin(upload) {
    upload.state = 'sending';
    this.#movedAtMs = this.#nowMs();
    let rate = { atMs: this.#movedAtMs, bytes: 0 };
    const key = this.#key;
    this.#stop = this.#send({
      file: upload.file,
      key,
      onProgress: (sentBytes) => {
        const nowMs = this.#nowMs();
        if (sentBytes > upload.sentBytes) this.#movedAtMs = nowMs;
        upload.sentBytes = Math.min(sentBytes, upload.file.size);
        rate = measure(upload, rate, nowMs);
        this.#tell();
      },
      onDone: (entry) => {
        this.#stop = null;
        this.uploads = this.uploads.filter((other) => other !== upload);
        this.dispatchEvent(new CustomEvent('added', { detail: { upload, entry } }));
        this.#goOn();
      },
      onFailed: (answer) => {
        this.#stop = null;
        // The room was joined anew meanwhile: not refused, only overtaken.
        if (answer.status === 403 && this.#key !== null && this.#key !== key) rewind(upload);
        else this.#failed(upload, answer);
        this.#goOn();
      },
    });
    this.#tell();
  }

  #failed(upload, { status, text }) {
    upload.state = 'failed';
    upload.problem = uploadFailure({ status, text, bytes: upload.file.size });
    if (status === 0) this.#notBeforeMs = this.#nowMs() + PAUSE_MS;
    this.dispatchEvent(new CustomEvent('failed', { detail: upload }));
    this.#tell();
  }

  #stopSending() {
    this.#stop?.();
    this.#stop = null;
  }

  #sending() {
    return this.uploads.find((upload) => upload.state === 'sending');
  }

  #find(id) {
    return this.uploads.find((upload) => upload.id === id);
  }

  #tell() {
    this.dispatchEvent(new CustomEvent('change'));
  }
}

function rewind(upload) {
  Object.assign(upload, { state: 'waiting', sentBytes: 0, bytesPerSec: null, problem: null });
}

/** A rate that does not flicker: measured over at least half a second, and eased. */
function measure(upload, since, nowMs) {
  const passedSec = (nowMs - since.atMs) / 1000;
  if (passedSec < 0.5) return since;
  const now = (upload.sentBytes - since.bytes) / passedSec;
  const weight = Math.min(1, RATE_PER_SEC * passedSec);
  upload.bytesPerSec =
    upload.bytesPerSec === null ? now : upload.bytesPerSec * (1 - weight) + now * weight;
  return { atMs: nowMs, bytes: upload.sentBytes };
}
