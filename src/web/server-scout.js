// Looks whether a server that was away is back.
//
// A WebSocket that fails is tried again more and more rarely, and browsers slow down a page that tries too
// often; so something cheaper looks meanwhile, more than once a second. It calls `onReturn` only after the
// server was really away: one that answers and takes no WebSocket is not to be hammered.

const PAUSE_MS = 800;
const ANSWER_TIMEOUT_MS = 1500;

export class ServerScout {
  #onReturn;
  #timer = null;
  #abort = null;
  #wasAway = false;

  constructor({ onReturn }) {
    this.#onReturn = onReturn;
  }

  /** Harmless while it looks already. */
  start() {
    if (this.#timer !== null || this.#abort !== null) return;
    this.#wait();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#abort?.abort();
    this.#abort = null;
    this.#wasAway = false;
  }

  #wait() {
    // Spread out, so that a room that lost its server does not come back all at once.
    this.#timer = setTimeout(() => this.#look(), PAUSE_MS * (0.5 + Math.random() / 2));
  }

  async #look() {
    this.#timer = null;
    const abort = new AbortController();
    this.#abort = abort;
    const patience = setTimeout(() => abort.abort(), ANSWER_TIMEOUT_MS);
    let isThere = false;
    try {
      const { status } = await fetch('/api/server', { signal: abort.signal, cache: 'no-store' });
      isThere = status === 200;
    } catch {
      // Away.
    }
    clearTimeout(patience);
    if (this.#abort !== abort) return; // Stopped meanwhile.
    this.#abort = null;
    const isBack = isThere && this.#wasAway;
    this.#wasAway = !isThere;
    this.#wait();
    if (isBack) this.#onReturn();
  }
}
