// The keys to a room and to its host seat, as far as this tab has them.
//
// One comes behind the `#` of an address, which browsers tell no server, or is typed. Both stay in the
// session of the tab, so that a reload needs neither; then the address bar, which others may see, shows
// none. Never throws: without a session the address keeps its key.

import { read, storage, write } from './identity.js';

const SESSION_KEY = 'jam-keys';
const BYTES_MAX = 128;

/** What the server takes for a key. */
export function isKey(text) {
  if (typeof text !== 'string') return false;
  const bytes = new TextEncoder().encode(text).length;
  return bytes >= 1 && bytes <= BYTES_MAX && !/\p{Cc}/u.test(text);
}

/** The key in the `#key=…` of an address, or null. */
export function keyInHash(hash) {
  const encoded = /[#&]key=([^&]*)/.exec(hash)?.[1];
  try {
    const key = decodeURIComponent(encoded ?? '');
    return isKey(key) ? key : null;
  } catch {
    return null;
  }
}

export class RoomKeys {
  /** To the room, and to its host seat; each may be null. */
  room = null;
  host = null;
  #name;
  #session;

  /** `session` is a storage or null, `hash` the end of the address. */
  constructor({ name, session, hash }) {
    this.#name = name;
    this.#session = session;
    const stored = read(session, SESSION_KEY);
    const known = stored.name === name ? stored : {};
    this.room = keyInHash(hash) ?? (isKey(known.room) ? known.room : null);
    this.host = isKey(known.host) ? known.host : null;
    if (keyInHash(hash)) this.#keep();
  }

  /** `{ room, host }`, or one of them; null forgets it. */
  set(keys) {
    const { room = this.room, host = this.host } = keys;
    this.room = room;
    this.host = host;
    this.#keep();
  }

  /** Whether the tab knows them when it is loaded again. */
  get areKept() {
    const stored = read(this.#session, SESSION_KEY);
    return stored.name === this.#name && stored.room === this.room;
  }

  /** For a request that shows the key to the room; undefined without one. */
  get headers() {
    if (this.room === null) return undefined;
    return { Authorization: `Bearer ${encodeURIComponent(this.room)}` };
  }

  /** What stands behind a room's address that is shared. */
  get inAddress() {
    return this.room === null ? '' : `#key=${encodeURIComponent(this.room)}`;
  }

  #keep() {
    const { room, host } = this;
    write(this.#session, SESSION_KEY, { name: this.#name, room, host });
  }
}

export function openKeys(name) {
  const keys = new RoomKeys({ name, session: storage('sessionStorage'), hash: location.hash });
  if (keyInHash(location.hash) && keys.areKept) {
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  // Somebody opened the link with the key in the window that has the room already.
  addEventListener('hashchange', () => keyInHash(location.hash) && location.reload());
  return keys;
}
