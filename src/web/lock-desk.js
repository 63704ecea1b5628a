// The host's lock: whether joining takes a key, and which.
//
// Nobody is told the key by the server; this tab knows it because it was typed here.

import { byId, setText, show } from './dom.js';
import { openKeySheet } from './key-sheet.js';
import { lockRowWords } from './key-words.js';

export class LockDesk {
  #send;
  #keys;
  #locked = false;

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
    if (this.#send({ type: 'LOCK', key })) this.#keys.set({ room: key });
  }
}
