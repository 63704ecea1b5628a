// The two <audio> elements of the page: one sounds, the other makes the next track ready.
//
// It never decides what is played. Safari lets an element play later only if a tap has touched it,
// so both are made in a tap and kept for good.

import { ElementPlayer } from './element-player.js';

const ELEMENT_COUNT = 2;

export class ElementPair {
  #elements = [];
  #players = []; // those that have an element, the newest last
  #volume = 1;

  // Call it inside a tap; harmless when it has been done.
  create() {
    if (this.#elements.length > 0 || typeof globalThis.Audio !== 'function') return;
    this.#elements = Array.from({ length: ELEMENT_COUNT }, () => new Audio());
    for (const element of this.#elements) element.load();
    this.setVolume(this.#volume);
  }

  get exists() {
    return this.#elements.length > 0;
  }

  // For tests and the developer drawer: the element that was used last.
  get newest() {
    return this.#players[this.#players.length - 1]?.element ?? this.#elements[0] ?? null;
  }

  setVolume(volume) {
    this.#volume = volume;
    for (const element of this.#elements) element.volume = volume;
  }

  // A player with an element of its own. If there is none left, the oldest player loses its.
  open(options) {
    this.#players = this.#players.filter((player) => !player.isClosed);
    while (this.#players.length >= ELEMENT_COUNT) this.#players.shift().close();
    const isFree = (element) => !this.#players.some((player) => player.element === element);
    const player = new ElementPlayer({ ...options, element: this.#elements.find(isFree) });
    this.#players.push(player);
    return player;
  }
}
