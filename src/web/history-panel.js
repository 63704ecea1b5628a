// What was played this evening, the latest first. Who may add music can put a track at the end of the
// queue once more.

import { Thumbs } from './cover.js';
import { byId, el, icon, setAttribute, setText, show } from './dom.js';
import { orderChildren } from './keyed-list.js';
import { clockTime, trackWords } from './track-words.js';

export class HistoryPanel {
  #list = byId('played');
  #onAgain;
  #thumbs = new Thumbs();
  #rows = new Map();
  #view = {};

  /** `onAgain(trackId)` */
  constructor({ onAgain }) {
    this.#onAgain = onAgain;
    this.#list.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (button) this.#onAgain(button.closest('li').dataset.trackId);
    });
  }

  /**
   * `waiting`: ids of what plays or comes anyway; `find(trackId)`: the queue's entry, which knows
   * more about a track than the history does.
   */
  render(view) {
    const names = ['played', 'canAdd', 'connected', 'waiting'];
    if (names.every((name) => view[name] === this.#view[name])) return;
    if (view.canAdd !== this.#view.canAdd) this.#rows = new Map();
    this.#view = view;
    const rows = new Map();
    for (const entry of view.played) {
      const key = `${entry.at} ${entry.track_id}`;
      const row = this.#rows.get(key) ?? this.#create(entry);
      if (row.again) {
        show(row.again, !view.waiting.has(entry.track_id));
        setAttribute(row.again, 'aria-disabled', view.connected ? null : 'true');
      }
      rows.set(key, row);
    }
    this.#rows = rows;
    orderChildren(this.#list, [...rows.values()].map((row) => row.item).reverse());
    show(byId('played-empty'), rows.size === 0);
  }

  #create(entry) {
    const { title, artist } = trackWords(entry);
    const thumb = this.#thumbs.create();
    this.#thumbs.fill(thumb, this.#view.find(entry.track_id) ?? entry);
    const again = this.#view.canAdd
      ? el('button', { class: 'round again', type: 'button' }, icon('plus'))
      : null;
    if (again) setAttribute(again, 'aria-label', `Add ${title} to the queue again`);
    const time = el('time', {
      class: 'played-at',
      datetime: new Date(entry.at * 1000).toISOString(),
    });
    setText(time, clockTime(entry.at));
    const words = el(
      'span',
      { class: 'row-words' },
      el('span', { class: 'row-title' }, title),
      el('span', { class: 'row-sub' }, artist),
    );
    const item = el(
      'li',
      { class: 'row', 'data-track-id': entry.track_id },
      time,
      thumb,
      words,
      again,
    );
    return { item, again };
  }
}
