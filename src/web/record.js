// The record on the table: a sleeve with the track's art, and the disc that looks out of it.
//
// The disc says one thing: out and turning while music plays here, in while it does not. It never
// shows a state that the text next to it does not say as well.

import { artPlan, drawArt } from './art.js';
import { el, svg } from './dom.js';

export class Record {
  #root;
  #sleeve;
  #disc;
  #trackId;

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

  /** null shows an empty sleeve. */
  setTrack(trackId) {
    if (this.#trackId === trackId) return;
    this.#trackId = trackId;
    const empty = trackId === null;
    this.#root.classList.toggle('is-empty', empty);
    if (empty) {
      this.#sleeve.replaceChildren(drawBlank());
      this.#root.style.removeProperty('--label');
      return;
    }
    const [, label, , , ink] = artPlan(trackId).colors;
    this.#root.style.setProperty('--label', label);
    this.#root.style.setProperty('--label-ink', ink);
    this.#sleeve.replaceChildren(drawArt(trackId));
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
