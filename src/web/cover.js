// The picture of a track: the one from its file where there is one, else art made from its id.
//
// The art is there from the first moment and stays underneath, so a picture that comes late, or
// never, leaves no hole.

import { drawArt } from './art.js';
import { el } from './dom.js';
import { coverUrl } from './room-model.js';

/** Tells a changed picture: the same text means that nothing has to be drawn anew. */
export function coverKey(track) {
  return `${track.track_id} ${coverUrl(track) ?? ''}`;
}

/** Elements to fill a square box with. */
export function drawCover(track, { lazy = false } = {}) {
  const art = drawArt(track.track_id);
  const source = coverUrl(track);
  if (source === null) return [art];
  const image = el('img', {
    class: 'cover',
    alt: '',
    decoding: 'async',
    draggable: 'false',
    loading: lazy ? 'lazy' : null,
  });
  image.addEventListener('load', () => image.classList.add('is-here'), { once: true });
  image.addEventListener('error', () => image.remove(), { once: true });
  image.src = source;
  return [art, image];
}

/** Far enough ahead that a thumb scrolling by sees no empty boxes. */
const AHEAD = '600px 0px';

/** Small covers for long lists: each is drawn when its row comes near the window. */
export class Thumbs {
  #tracks = new WeakMap();
  #observer = null;

  constructor() {
    if (typeof IntersectionObserver !== 'function') return;
    this.#observer = new IntersectionObserver((entries) => this.#seen(entries), {
      rootMargin: AHEAD,
    });
  }

  create() {
    return el('span', { class: 'thumb', 'aria-hidden': 'true' });
  }

  /** Shows `track` in a box from `create`; nothing happens when it does already. */
  fill(box, track) {
    const key = coverKey(track);
    if (box.dataset.cover === key) return;
    box.dataset.cover = key;
    this.#tracks.set(box, track);
    if (this.#observer === null) box.replaceChildren(...drawCover(track, { lazy: true }));
    else this.#observer.observe(box);
  }

  #seen(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.#observer.unobserve(target);
      target.replaceChildren(...drawCover(this.#tracks.get(target), { lazy: true }));
    }
  }
}
