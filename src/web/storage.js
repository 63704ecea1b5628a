// What the browser remembers between visits: name, volume, rooms visited, and by how
// much each loudspeaker is late. Nothing leaves the browser from here.
//
// Two tabs may be open: each write starts from what is stored now and changes only its own part.
//
// Never throws: where storage is blocked, full or holds something else, the page works with the
// defaults and forgets at the end. Every list in it is bounded.

import { cleanTrim } from './trim.js';

const KEY = 'jam';
const ROOMS_MAX = 8;
const TRIMS_MAX = 12;

const DEFAULTS = { name: '', volume: 0.8, muted: false, rooms: [], trims: [] };

/** `backend` is something like localStorage, or null when there is none. */
export class Storage {
  #backend;
  #values;
  /** Changes of this visit that could not be stored, so that reading does not undo them. */
  #unstored = {};

  constructor(backend) {
    this.#backend = backend;
    this.#values = { ...DEFAULTS, ...this.#read() };
  }

  get name() {
    return this.#values.name;
  }

  set name(name) {
    this.#write({ name });
  }

  get volume() {
    return this.#values.volume;
  }

  set volume(volume) {
    this.#write({ volume });
  }

  get muted() {
    return this.#values.muted;
  }

  set muted(muted) {
    this.#write({ muted });
  }

  /** Rooms visited, the latest first. */
  get rooms() {
    return [...this.#values.rooms];
  }

  visited(room) {
    const others = this.#merged().rooms.filter((other) => other !== room);
    this.#write({ rooms: [room, ...others].slice(0, ROOMS_MAX) });
  }

  forgetRooms() {
    this.#write({ rooms: [] });
  }

  /** In ms, for the loudspeaker of that name ('' for the one without). */
  trimOf(device) {
    return this.#values.trims.find(([name]) => name === device)?.[1] ?? 0;
  }

  setTrim(device, ms) {
    const others = this.#merged().trims.filter(([name]) => name !== device);
    const own = ms === 0 ? [] : [[device, ms]];
    this.#write({ trims: [...own, ...others].slice(0, TRIMS_MAX) });
  }

  #read() {
    try {
      return clean(JSON.parse(this.#backend.getItem(KEY)));
    } catch {
      return {};
    }
  }

  #merged() {
    return { ...this.#values, ...this.#read(), ...this.#unstored };
  }

  #write(changes) {
    this.#values = { ...this.#merged(), ...changes };
    try {
      this.#backend.setItem(KEY, JSON.stringify(this.#values));
      this.#unstored = {};
    } catch {
      // Private windows and full disks refuse; the values still hold for this visit.
      this.#unstored = { ...this.#unstored, ...changes };
    }
  }
}

/** Keeps only what has the right type: other pages of this address may have written there. */
function clean(stored) {
  const values = {};
  if (typeof stored?.name === 'string') values.name = stored.name.slice(0, 40);
  if (stored?.volume >= 0 && stored.volume <= 1) values.volume = stored.volume;
  if (typeof stored?.muted === 'boolean') values.muted = stored.muted;
  if (Array.isArray(stored?.rooms)) {
    values.rooms = stored.rooms
      .filter((room) => /^[A-Za-z0-9_-]{1,64}$/.test(room))
      .slice(0, ROOMS_MAX);
  }
  if (Array.isArray(stored?.trims)) {
    values.trims = stored.trims
      .filter((trim) => Array.isArray(trim) && typeof trim[0] === 'string')
      .map(([name, ms]) => [name, cleanTrim(ms)])
      .slice(0, TRIMS_MAX);
  }
  return values;
}

/** Even reading `localStorage` throws where it is blocked. */
export function openStorage() {
  try {
    return new Storage(globalThis.localStorage);
  } catch {
    return new Storage(null);
  }
}
