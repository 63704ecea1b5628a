// The last messages of the room, both ways, for the developer drawer.
//
// Bounded in entries and in characters. Clock probes and pictures of the swarm come ten times as often as
// everything else and would push it out, so they have their own, shorter list. Knows nothing about sockets
// or DOM.

const ENTRIES_MAX = 300;
const FREQUENT_ENTRIES_MAX = 40;
const TEXT_CHARS_MAX = 4000;

const FREQUENT = new Set(['CLOCK', 'SWARM']);

export function isFrequent(type) {
  return FREQUENT.has(type);
}

export class MessageLog extends EventTarget {
  #entries = [];
  #frequent = [];
  #next = 1;

  /** `direction` is 'in', 'out' or 'note' (something that happened to the connection). */
  add(direction, type, text, atMs) {
    const entry = {
      number: this.#next,
      direction,
      type,
      text: text.slice(0, TEXT_CHARS_MAX),
      atMs,
    };
    this.#next += 1;
    const list = isFrequent(type) ? this.#frequent : this.#entries;
    const max = isFrequent(type) ? FREQUENT_ENTRIES_MAX : ENTRIES_MAX;
    list.push(entry);
    if (list.length > max) list.shift();
    this.dispatchEvent(new CustomEvent('entry', { detail: entry }));
  }

  /** In the order in which they happened. */
  entries({ withFrequent }) {
    if (!withFrequent) return [...this.#entries];
    return [...this.#entries, ...this.#frequent].sort((a, b) => a.number - b.number);
  }

  clear() {
    this.#entries = [];
    this.#frequent = [];
    this.dispatchEvent(new CustomEvent('clear'));
  }
}
