// The room's tracks. For the host each is a button that plays it from the start; for everybody else
// it is a line to read.
//
// Rebuilt only when the list, the role or the filter changes; the current track is only marked.

import { drawArt } from './art.js';
import { byId, el, setAttribute, setText, show } from './dom.js';
import { foldText } from './names.js';
import { trackFacts, trackWords } from './words.js';

/** Below this many tracks looking is faster than typing. */
const FILTER_FROM = 8;
const ROWS_MAX = 200;

export class TracksPanel {
  #list = byId('tracks');
  #field = byId('filter-field');
  #onChoose;
  #tracks = [];
  #known = false;
  #isHost = false;
  #rows = new Map();

  /** `onChoose(trackId)` */
  constructor({ onChoose }) {
    this.#onChoose = onChoose;
    this.#field.addEventListener('input', () => this.#build());
    this.#list.addEventListener('click', (event) => {
      const row = event.target.closest('button[data-track-id]');
      if (row) this.#onChoose(row.dataset.trackId);
    });
  }

  /** `canChoose`: there is a connection. Without one a press still says why nothing happens. */
  render({ tracks, known, isHost, canChoose, currentId, playing }) {
    if (tracks !== this.#tracks || known !== this.#known || isHost !== this.#isHost) {
      this.#known = known;
      this.#tracks = tracks;
      this.#isHost = isHost;
      this.#build();
    }
    for (const [trackId, row] of this.#rows) {
      const current = trackId === currentId;
      row.classList.toggle('is-current', current);
      row.classList.toggle('is-playing', current && playing);
      setAttribute(row, 'aria-current', current ? 'true' : null);
      setAttribute(row, 'aria-disabled', isHost && !canChoose ? 'true' : null);
    }
  }

  /** For the '/' key. */
  focus() {
    const target = byId('filter-row').hidden ? this.#list.querySelector('button') : this.#field;
    (target ?? byId('tab-tracks')).focus();
  }

  #build() {
    const filterable = this.#tracks.length >= FILTER_FROM;
    show(byId('filter-row'), filterable);
    const wanted = filterable ? foldText(this.#field.value.trim()) : '';
    const matching = this.#tracks.filter((track) => matches(track, wanted));
    this.#rows = new Map();
    this.#list.replaceChildren(...matching.slice(0, ROWS_MAX).map((track) => this.#row(track)));
    this.#sayWhatIsMissing(matching.length);
  }

  #row(track) {
    const { title, artist } = trackWords(track);
    const row = el(
      this.#isHost ? 'button' : 'div',
      {
        class: 'row track',
        type: this.#isHost ? 'button' : null,
        'data-track-id': track.track_id,
      },
      el('span', { class: 'thumb' }, drawArt(track.track_id)),
      el(
        'span',
        { class: 'row-words' },
        el('span', { class: 'row-title' }, title),
        el('span', { class: 'row-sub' }, artist || trackFacts(track)),
      ),
      el('span', { class: 'beat', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')),
    );
    this.#rows.set(track.track_id, row);
    return el('li', {}, row);
  }

  #sayWhatIsMissing(matching) {
    const hint = byId('tracks-empty');
    const text =
      this.#tracks.length === 0
        ? this.#known
          ? 'No tracks in this room yet.'
          : ''
        : matching === 0
          ? 'No track is called that.'
          : matching > ROWS_MAX
            ? `${matching - ROWS_MAX} more. Type to find one.`
            : '';
    setText(hint, text);
    show(hint, text !== '');
  }
}

function matches(track, wanted) {
  return wanted === '' || foldText(track.name).includes(wanted);
}
