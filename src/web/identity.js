// Who this tab is in its room: the token that makes it the same member after a lost connection, a
// reload, or when it was closed and opened again.
//
// The tab keeps its own in its session. The browser keeps one for each room, for the next tab there;
// two tabs are two people all the same, so a tab asks the others before it uses a token that may be
// theirs (a duplicated tab has a copy of the session, too). No Web Lock, for a party on a plain
// address of the network has none.
//
// Never throws: without storage or channel it is somebody new each time.

/** Other tabs have answered by then, unless they are frozen; those hear of it from the server. */
const ANSWER_MS = 150;

const ROOMS_MAX = 16;
const SESSION_KEY = 'jam-tab';
const TOKENS_KEY = 'jam-tokens';
const TOKEN = /^[0-9a-f]{32}$/;

export class Identity {
  /** Null until it is known, and then what HELLO says. */
  token = null;
  /** A promise of the `{ role, name }` with which this tab was in the room when it was loaded again, or null. */
  visit;
  #room;
  #session;
  #local;
  #channel;
  #random;
  #mayStore = true;
  #isHeld = true;
  #isKnown = false;
  #waiting = [];
  #asking = null;

  /** `session` and `local` are storages, `channel` a BroadcastChannel; each may be null. `random()` gives 32 digits. */
  constructor({ room, session, local, channel, random }) {
    this.#room = room;
    this.#session = session;
    this.#local = local;
    this.#channel = channel;
    this.#random = random;
    if (channel) channel.onmessage = ({ data }) => this.#hear(data);
    const visit = this.#readVisit();
    this.visit = visit ? this.#resume(visit) : Promise.resolve(null);
    this.#find(visit);
  }

  /** Calls `act` as soon as the token is known. */
  whenKnown(act) {
    if (this.#isKnown) act();
    else this.#waiting.push(act);
  }

  /** The room has let this tab in, or changed its role. */
  joined({ token = this.token, role, name }) {
    if (TOKEN.test(token)) this.token = token;
    this.#isHeld = true;
    write(this.#session, SESSION_KEY, { room: this.#room, token: this.token, role, name });
    if (this.#mayStore) {
      const tokens = readTokens(this.#local);
      tokens.delete(this.#room);
      write(this.#local, TOKENS_KEY, [...tokens, [this.#room, this.token]].slice(-ROOMS_MAX));
    }
  }

  /** The token is used elsewhere now: this tab does not answer for it any more. */
  letGo() {
    this.#isHeld = false;
  }

  #readVisit() {
    const visit = read(this.#session, SESSION_KEY);
    if (visit.room !== this.#room || !TOKEN.test(visit.token)) return null;
    if (typeof visit.name !== 'string' || visit.name === '') return null;
    return { ...visit, role: visit.role === 'host' ? 'host' : 'viewer' };
  }

  /** Null in a copy of a tab that is still there. */
  async #resume({ token, role, name }) {
    return (await this.#isFree(token)) ? { role, name } : null;
  }

  async #find(visit) {
    const stored = readTokens(this.#local).get(this.#room) ?? null;
    const isStored = (token) => stored === null || stored === token;
    if (visit && (await this.visit)) this.#know(visit.token, isStored(visit.token));
    else if (stored !== null && stored !== visit?.token && (await this.#isFree(stored))) {
      this.#know(stored, true);
    } else this.#know(this.#random(), stored === null);
  }

  /** `mayStore`: the next tab that is opened shall be this one again. */
  #know(token, mayStore) {
    this.token = token;
    this.#mayStore = mayStore;
    this.#isKnown = true;
    for (const act of this.#waiting.splice(0)) act();
  }

  /** Asks the other tabs. Of two that ask at the same moment the one with the smaller number has it. */
  #isFree(token) {
    if (this.#channel === null) return Promise.resolve(true);
    return new Promise((resolve) => {
      const number = this.#random();
      const timer = setTimeout(() => this.#answered(true), ANSWER_MS);
      this.#asking = { token, number, timer, resolve };
      this.#channel.postMessage({ type: 'mine?', token, number });
    });
  }

  #answered(isFree) {
    const { timer, resolve } = this.#asking;
    clearTimeout(timer);
    this.#asking = null;
    resolve(isFree);
  }

  #hear(message) {
    const asking = this.#asking?.token === message?.token ? this.#asking : null;
    if (message?.type === 'no' && asking?.number === message.number) this.#answered(false);
    if (message?.type !== 'mine?') return;
    const isOwn = this.#isHeld && message.token === this.token;
    if (isOwn || asking?.number < message.number) {
      this.#channel.postMessage({ ...message, type: 'no' });
    } else if (asking) this.#answered(false);
  }
}

/** The tab has left its room on purpose: it does not go back there by itself. */
export function forgetVisit() {
  write(storage('sessionStorage'), SESSION_KEY, {});
}

export function forgetTokens() {
  write(storage('localStorage'), TOKENS_KEY, []);
}

export function openIdentity(room) {
  const hasChannel = typeof BroadcastChannel === 'function';
  return new Identity({
    room,
    session: storage('sessionStorage'),
    local: storage('localStorage'),
    channel: hasChannel ? new BroadcastChannel(`jam-${room}`) : null,
    random: () =>
      [...crypto.getRandomValues(new Uint8Array(16))]
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join(''),
  });
}

/** Even reading `localStorage` throws where it is blocked. */
export function storage(name) {
  try {
    return globalThis[name] ?? null;
  } catch {
    return null;
  }
}

/** By room, the latest last. */
function readTokens(local) {
  const pairs = read(local, TOKENS_KEY);
  const isPair = (pair) => typeof pair?.[0] === 'string' && TOKEN.test(pair[1]);
  return new Map(Array.isArray(pairs) ? pairs.filter(isPair) : []);
}

/** An object, whatever is stored there. */
export function read(backend, key) {
  try {
    const value = JSON.parse(backend.getItem(key));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

export function write(backend, key, value) {
  try {
    backend.setItem(key, JSON.stringify(value));
  } catch {
    // Then it is not remembered.
  }
}
