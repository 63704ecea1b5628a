// The host's lock: whether joining takes a key, and which.
//
// Nobody is told the key by the server; this tab knows it because it was typed here. Once somebody else has set
// another one, the one from before is forgotten: shared, it would lead nowhere, and tried, it would count as a wrong one.

import { byId, setText, show } from './dom.js';
import { openKeySheet } from './key-sheet.js';
import { lockNews, lockRowWords } from './key-words.js';
import { showToast } from './toast.js';

export class LockDesk {
  #send;
  #keys;
  #locked = false;
  /** `{ key }` that was asked for, until the room tells or refuses; else null. */
  #asked = null;

  /** `send(message)` returns whether it went out, and says so when it did not. */
  constructor({ send, keys }) {
    this.#send = send;
    this.#keys = keys;
    byId('lock-button').addEventListener('click', () => this.#open());
  }

  /** `room` and `view` as party.js makes them. */
  render({ rightsKnown, locked }, { isHost }) {
    this.#locked = locked;
    show(byId('lock-row'), isHost && rightsKnown);
    const { text, button } = lockRowWords(locked);
    setText(byId('lock-words'), text);
    setText(byId('lock-button'), button);
  }

  /** `happened` and `room` as room-model.js makes them. */
  receive(happened, { locked }) {
    if (happened.includes('welcome')) this.#asked = null;
    if (!happened.includes('lock')) return;
    const asked = this.#asked;
    this.#asked = null;
    this.#keys.set({ room: asked?.key ?? null });
    if (asked === null) showToast(lockNews(locked));
  }

  /** What the server says against something. */
  refused(message) {
    if (/^LOCK: |^Only host can control$/.test(message)) this.#asked = null;
  }

  #open() {
    openKeySheet({
      title: 'A key to this room',
      text: 'Who comes from now on needs it; who is here stays. The address that you share carries it.',
      go: 'Lock the room',
      onKey: (key) => this.#lock(key),
      onClear: this.#locked ? () => this.#lock(null) : null,
    });
  }

  #lock(key) {
    if (this.#send({ type: 'LOCK', key })) this.#asked = { key };
  }
}
