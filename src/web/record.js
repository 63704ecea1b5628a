// The record on the table: a sleeve with the track's cover, and the disc that looks out of it.
//
// The disc says one thing: out and turning while music plays here, in while it does not. It never
// shows a state that the text next to it does not say as well.

import { artPlan } from './art.js';
import { coverKey, drawCover } from './cover.js';
import { el, svg } from './dom.js';

export class Record {
  #root;
  #sleeve;
  #disc;
  #shown;

  /** `host` is an empty element that becomes the record. */
  constructor(host) {
    this.#root = host;
    host.classList.add('record');
    host.setAttribute('aria-hidden', 'true');
    this.#disc = drawDisc();
    this.#sleeve = el('div', { class: 'sleeve' });
    host.append(this.#disc, this.#sleeve);
    this.setTrack(null);
  }

  /** An entry of the queue, or only `{ track_id }`; null shows an empty sleeve. */
  setTrack(track) {
    const empty = track === null;
    const shown = empty ? null : coverKey(track);
    if (this.#shown === shown) return;
    this.#shown = shown;
    this.#root.classList.toggle('is-empty', empty);
    if (empty) {
      this.#sleeve.replaceChildren(drawBlank());
      this.#root.style.removeProperty('--label');
      return;
    }
    const [, label, , , ink] = artPlan(track.track_id).colors;
    this.#root.style.setProperty('--label', label);
    this.#root.style.setProperty('--label-ink', ink);
    this.#sleeve.replaceChildren(...drawCover(track));
  }

  setPlaying(playing) {
    this.#root.classList.toggle('is-playing', playing);
  }
}

/** A disc alone, as on the front page. */
export function drawDisc() {
  const label = svg(
    'svg',
    { class: 'disc-label', viewBox: '0 0 40 40' },
    svg('circle', { class: 'label-paper', cx: 20, cy: 20, r: 20 }),
    svg('path', {
      class: 'label-print',
      d: 'M20 3.5a16.5 16.5 0 0 1 16.5 16.5M10 29h20M13 32.4h14',
    }),
    svg('circle', { class: 'label-print', cx: 20, cy: 20, r: 5.2 }),
    svg('circle', { class: 'label-hole', cx: 20, cy: 20, r: 1.8 }),
  );
  return el('div', { class: 'disc' }, el('div', { class: 'disc-sheen' }), label);
}

function drawBlank() {
  return svg(
    'svg',
    { class: 'art blank', viewBox: '0 0 120 120' },
    svg('circle', { cx: 60, cy: 60, r: 34 }),
    svg('circle', { cx: 60, cy: 60, r: 22 }),
    svg('circle', { cx: 60, cy: 60, r: 4 }),
  );
}
