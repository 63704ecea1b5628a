// Fetches the bytes of a track, however often the network fails on the way.
//
// It never decodes or plays anything, and keeps no bytes once it has handed them over.
//
// Invariant: bytes are only ever appended. A new attempt asks for the rest with Range and
// If-Range, and starts from nothing when the server answers with the whole track instead.

// Attempts in a row that bring no byte, and how long to wait before each: about 25 s in all.
const BACKOFF_MS = [300, 700, 1500, 3000, 5000, 7000, 7000];
// Nothing for this long: the connection is dead even if nobody said so.
const STALL_MS = 15_000;
// Answers that mean that this server does not have the track.
export const UNKNOWN_STATUS = [400, 404, 410];

export class LoadError extends Error {
  // reason: 'unknown-track', 'network' or 'too-large'
  constructor(reason, message, options) {
    super(message, options);
    this.reason = reason;
  }
}

// Resolves with { bytes: ArrayBuffer }. `onProgress(loadedBytes, totalBytes|null)` is called as
// they come. Rejects with LoadError, or with the signal's reason when aborted.
//   admit(totalBytes|null)   awaited when the size is known, before memory is taken or the body is
//                            read; it rejects to refuse the track
//   pace()                   awaited before each read, to leave the line to something more urgent
//   isPatient()              asked after a failure: while it is true, the network may stay away for
//                            as long as it likes
export async function loadTrack(
  url,
  { signal, onProgress = () => {}, admit, pace, isPatient = () => false, bytesMax },
) {
  const pile = new BytePile(bytesMax);
  for (let failures = 0; ;) {
    const loadedBefore = pile.length;
    try {
      await attempt(url, pile, { signal, onProgress, admit, pace, isPatient });
      return { bytes: pile.toArrayBuffer() };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof LoadError) throw error;
      failures = pile.length > loadedBefore ? 1 : failures + 1;
      if (failures > BACKOFF_MS.length && !isPatient()) {
        throw new LoadError('network', `cannot fetch ${url}: ${error.message}`, { cause: error });
      }
      // Spread out, so that a room that lost its server does not come back all at once.
      const backoffMs = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1];
      await pause(backoffMs * (0.5 + Math.random() / 2), signal);
    }
  }
}

async function attempt(url, pile, { signal, onProgress, admit, pace, isPatient }) {
  const stop = new AbortController();
  const forward = () => stop.abort(signal.reason);
  signal?.addEventListener('abort', forward, { once: true });
  const watch = () => setTimeout(() => stop.abort(new Error('no bytes for a while')), STALL_MS);
  let stall = watch();
  try {
    const headers = pile.resumeHeaders();
    const priority = isPatient() ? 'low' : 'auto';
    const response = await fetch(url, { headers, priority, signal: stop.signal });
    checkStatus(response);
    pile.begin(response);
    await admit?.(pile.total);
    pile.makeRoom();
    onProgress(pile.length, pile.total);
    const reader = response.body.getReader();
    for (;;) {
      clearTimeout(stall);
      await pace?.();
      stall = watch();
      const { done, value } = await reader.read();
      if (done) break;
      pile.append(value);
      onProgress(pile.length, pile.total);
    }
    if (!pile.complete)
      throw new Error(`connection ended after ${pile.length} of ${pile.total} bytes`);
  } finally {
    clearTimeout(stall);
    signal?.removeEventListener('abort', forward);
    stop.abort();
  }
}

function checkStatus(response) {
  if (response.ok) return;
  if (UNKNOWN_STATUS.includes(response.status)) {
    throw new LoadError(
      'unknown-track',
      `the server does not have this track (${response.status})`,
    );
  }
  throw new Error(`the server answered ${response.status}`);
}

class BytePile {
  #bytesMax;
  #buffer = new Uint8Array(0);
  #etag = null;
  length = 0;
  total = null;

  constructor(bytesMax) {
    this.#bytesMax = bytesMax;
  }

  get complete() {
    return this.total === null || this.length === this.total;
  }

  resumeHeaders() {
    if (this.length === 0 || !this.#etag) return {};
    return { Range: `bytes=${this.length}-`, 'If-Range': this.#etag };
  }

  // Looks at the head of an answer: does it continue what is here, or begin again?
  begin(response) {
    const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
    const continues = response.status === 206 && range && Number(range[1]) === this.length;
    if (!continues) {
      if (response.status === 206) {
        this.#etag = null;
        throw new Error('the server sent another part than was asked for');
      }
      this.length = 0;
      const text = response.headers.get('content-encoding')
        ? null
        : response.headers.get('content-length');
      this.total = text === null ? null : Number(text);
    }
    this.#etag = response.headers.get('etag');
  }

  // For all that the answer promises.
  makeRoom() {
    this.#reserve(this.total ?? 0);
  }

  append(chunk) {
    this.#reserve(this.length + chunk.length);
    this.#buffer.set(chunk, this.length);
    this.length += chunk.length;
  }

  toArrayBuffer() {
    const { buffer } = this.#buffer;
    this.#buffer = new Uint8Array(0);
    return buffer.byteLength === this.length ? buffer : buffer.slice(0, this.length);
  }

  #reserve(bytes) {
    if (bytes > this.#bytesMax)
      throw new LoadError('too-large', `track of ${bytes} bytes is over the limit`);
    if (bytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(this.#bytesMax, Math.max(bytes, 2 * this.length)));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
  }
}

function pause(durationMs, signal) {
  return new Promise((resolve, reject) => {
    const wake = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', wake);
      resolve();
    }, durationMs);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
