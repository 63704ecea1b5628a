// The queue of the room: what plays, what comes next, what has been.
//
// Rows are kept by track and changed in place, so that news during a drag, a tap or a reader's walk
// through the list leave them alone. While a row is dragged the list holds still, and catches up
// when it is let go. It decides nothing: wishes go out, and the list shows what it is given.

import { Thumbs } from './cover.js';
import { announce, byId, setText, show } from './dom.js';
import { DragList } from './drag-list.js';
import { orderChildren } from './keyed-list.js';
import { openMoveSheet } from './move-sheet.js';
import { foldText } from './names.js';
import { beforeIdAt, targetOf } from './queue-edits.js';
import { createRow, fillRow, fillSub, markRow } from './queue-row.js';
import { findTrack } from './room-model.js';
import { queueSubWords, searchText, trackWords } from './track-words.js';

/** Below this many tracks looking is faster than typing. */
const FILTER_FROM = 10;

const GRIP_KEYS = { ArrowUp: 'up', ArrowDown: 'down', Home: 'first', End: 'last' };
const ROW_KEYS = { ArrowUp: 'up', ArrowDown: 'down' };

const NOTHING = {
  tracks: [],
  known: false,
  canControl: false,
  canEdit: false,
  ownId: null,
  connected: false,
  currentId: null,
  playing: false,
  unplayable: null,
  arriving: null,
};

export class QueuePanel {
  #list = byId('queue');
  #field = byId('filter-field');
  #wishes;
  #view = NOTHING;
  #rows = new Map();
  #thumbs = new Thumbs();
  #drag;

  /**
   * `wishes`: onChoose(trackId), onMove(trackId, beforeId), onRemove(trackId), and onBlocked() for
   * what cannot be done without a connection.
   */
  constructor(wishes) {
    this.#wishes = wishes;
    this.#field.addEventListener('input', () => this.#build());
    this.#list.addEventListener('click', (event) => this.#click(event));
    this.#list.addEventListener('keydown', (event) => this.#key(event));
    this.#drag = new DragList({
      list: this.#list,
      canDrag: () => this.#mayEdit(),
      onDrop: (item, to) => this.#drop(item.dataset.trackId, to),
      onEnd: () => this.#build(),
    });
  }

  render(view) {
    const before = this.#view;
    const differs = (...names) => names.some((name) => view[name] !== before[name]);
    this.#view = view;
    const mayDiffer = differs('canControl', 'canEdit', 'ownId');
    if (mayDiffer) this.#rows = new Map();
    if (mayDiffer || differs('tracks', 'known', 'unplayable')) {
      this.#build();
      return;
    }
    if (differs('currentId', 'playing', 'connected')) this.#mark();
    if (differs('arriving')) this.#tellArrivals();
  }

  /** For the '/' key. */
  focus() {
    const first = this.#list.querySelector('.is-current .pick, .pick');
    const target = byId('filter-row').hidden ? first : this.#field;
    (target?.matches('div') ? byId('tab-queue') : (target ?? byId('tab-queue'))).focus();
  }

  #build() {
    const { tracks } = this.#view;
    const filterable = tracks.length >= FILTER_FROM;
    show(byId('filter-row'), filterable);
    const wanted = filterable ? foldText(this.#field.value.trim()) : '';
    this.#list.classList.toggle('is-filtered', wanted !== '');
    const rows = new Map();
    for (const track of tracks) {
      const id = track.track_id;
      const row = this.#rows.get(id) ?? this.#createRow(track);
      fillRow(row, track, { thumbs: this.#thumbs, ...this.#fate(id) });
      show(row.item, wanted === '' || foldText(searchText(track)).includes(wanted));
      rows.set(id, row);
    }
    // The rows that are here stay under the finger; the drag ends with another build.
    if (!this.#drag.dragging) {
      this.#rows = rows;
      this.#order([...rows.values()].map((row) => row.item));
    }
    this.#mark();
    this.#sayWhatIsMissing(wanted);
  }

  #createRow(track) {
    const { canControl, canEdit, ownId } = this.#view;
    return createRow(track, {
      editable: canEdit,
      pickable: canControl,
      removable: canEdit || (ownId !== null && track.added_by_id === ownId),
      thumbs: this.#thumbs,
    });
  }

  #fate(trackId) {
    const { unplayable, arriving } = this.#view;
    return { unplayable: unplayable?.has(trackId) === true, arrived: arriving?.get(trackId) };
  }

  #tellArrivals() {
    for (const track of this.#view.tracks) {
      const row = track.awaited && this.#rows.get(track.track_id);
      if (row) fillSub(row, track, this.#fate(track.track_id));
    }
  }

  #order(items) {
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    orderChildren(this.#list, items);
    if (focused?.isConnected && document.activeElement !== focused) {
      focused.focus({ preventScroll: true });
    }
  }

  #mark() {
    const { tracks, currentId, playing, connected } = this.#view;
    const current = tracks.findIndex((track) => track.track_id === currentId);
    tracks.forEach(({ track_id: id }, index) => {
      const row = this.#rows.get(id);
      if (row === undefined) return;
      markRow(row, { isCurrent: index === current, isPast: index < current, playing, connected });
    });
  }

  #sayWhatIsMissing(wanted) {
    const { tracks, known, canEdit, ownId } = this.#view;
    const found = tracks.length > 0 && this.#list.querySelector('li:not([hidden])') !== null;
    let text = '';
    if (tracks.length === 0 && known) {
      text =
        canEdit || ownId !== null
          ? 'What you add comes here, one after the other.'
          : 'Nothing is queued yet.';
    } else if (wanted !== '' && !found) text = 'No track is called that.';
    setText(byId('queue-empty'), text);
    show(byId('queue-empty'), text !== '');
  }

  // What is done with it.

  #click(event) {
    const item = event.target.closest('li');
    const button = event.target.closest('button');
    if (item === null || button === null) return;
    const { trackId } = item.dataset;
    if (button.matches('.pick')) this.#wishes.onChoose(trackId);
    else if (button.matches('.remove')) this.#remove(trackId);
    else if (button.matches('.grip') && this.#mayEdit()) this.#openSheet(trackId);
  }

  #key(event) {
    const item = event.target.closest('li');
    if (item === null || event.ctrlKey || event.metaKey) return;
    if (!this.#view.canEdit && event.key !== 'Delete') return;
    const onGrip = event.target.closest('.grip') !== null;
    const moves = event.altKey ? ROW_KEYS[event.key] : onGrip && GRIP_KEYS[event.key];
    if (moves) this.#move(moves, item.dataset.trackId);
    else if (event.key === 'Delete') this.#remove(item.dataset.trackId);
    else if (!event.altKey && ROW_KEYS[event.key]) this.#walk(event, ROW_KEYS[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** From row to row, past the other buttons of each. */
  #walk({ target }, direction) {
    const kind = `.${target.closest('button').classList.contains('pick') ? 'pick' : 'remove'}`;
    const rows = [...this.#list.querySelectorAll('li:not([hidden])')];
    const at = rows.indexOf(target.closest('li'));
    rows[at + (direction === 'up' ? -1 : 1)]?.querySelector(kind).focus();
  }

  #mayEdit() {
    if (this.#view.connected) return true;
    this.#wishes.onBlocked();
    return false;
  }

  #drop(trackId, to) {
    // The places are those of the rows as they were dragged; the queue may be longer by now.
    const ids = [...this.#list.children].map((item) => item.dataset.trackId);
    const beforeId = beforeIdAt(ids, ids.indexOf(trackId), to);
    this.#wishes.onMove(trackId, beforeId ?? this.#idAfter(ids.at(-1)));
    this.#sayPlace(trackId);
  }

  /** The last row that was seen is not the last any more when tracks were added meanwhile. */
  #idAfter(lastSeenId) {
    const { tracks } = this.#view;
    const at = tracks.findIndex((track) => track.track_id === lastSeenId);
    return tracks[at + 1]?.track_id ?? null;
  }

  #move(kind, trackId) {
    if (!this.#mayEdit()) return;
    const { tracks, currentId } = this.#view;
    const beforeId = targetOf(kind, tracks, trackId, currentId);
    if (beforeId !== undefined) this.#wishes.onMove(trackId, beforeId);
    this.#sayPlace(trackId);
    this.#rows.get(trackId)?.item.scrollIntoView({ block: 'nearest' });
  }

  #remove(trackId) {
    const { item, remove } = this.#rows.get(trackId);
    if (!remove || remove.hidden || !this.#mayEdit()) return;
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const hadFocus = item.contains(document.activeElement);
    this.#wishes.onRemove(trackId);
    // The button that had the focus is gone; the one of the row in its place takes over.
    if (hadFocus) (next?.querySelector('.remove') ?? byId('add-button')).focus();
  }

  #openSheet(trackId) {
    openMoveSheet({
      title: this.#titleOf(trackId),
      facts: () => this.#facts(trackId),
      can: (kind) => targetOf(kind, this.#view.tracks, trackId, this.#view.currentId) !== undefined,
      move: (kind) => this.#move(kind, trackId),
    });
  }

  #facts(trackId) {
    const track = findTrack(this.#view, trackId);
    const { about, by } = queueSubWords(track, this.#fate(trackId));
    return [`Number ${this.#place(trackId)}`, track?.awaited ? about : '', by]
      .filter(Boolean)
      .join(' · ');
  }

  #place(trackId) {
    const { tracks } = this.#view;
    return `${tracks.findIndex((track) => track.track_id === trackId) + 1} of ${tracks.length}`;
  }

  #sayPlace(trackId) {
    announce(`${this.#titleOf(trackId)} is number ${this.#place(trackId)}.`);
  }

  #titleOf(trackId) {
    return trackWords(findTrack(this.#view, trackId) ?? { track_id: trackId }).title;
  }
}
