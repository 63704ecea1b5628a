// One row of the queue: a cover, what it is called, how long it takes and who brought it.
//
// The host's row is three buttons: a grip that moves it, the track itself, which plays it now, and
// one that takes it out, which guests have on what they brought. Without them it is the same row to read.

import { el, icon, setAttribute, setText, show } from './dom.js';
import { lengthWords, queueSubWords, trackWords } from './track-words.js';

/** `editable`, `pickable` and `removable` hold for the life of a row; everything else is for `fillRow`. */
export function createRow(track, { editable, pickable, removable, thumbs }) {
  const row = {
    grip: editable ? gripButton() : null,
    pick: el(pickable ? 'button' : 'div', { class: 'pick', type: pickable ? 'button' : null }),
    remove: removable
      ? el('button', { class: 'round remove', type: 'button' }, icon('close'))
      : null,
    thumb: thumbs.create(),
    title: el('span', { class: 'row-title' }),
    time: el('span', { class: 'row-time' }),
    about: el('span', { class: 'row-about' }),
    by: el('span', { class: 'row-by' }),
  };
  row.pick.append(
    row.thumb,
    el('span', { class: 'beat', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')),
    el(
      'span',
      { class: 'row-words' },
      row.title,
      row.time,
      el('span', { class: 'row-sub' }, row.about, row.by),
    ),
  );
  row.pick.dataset.trackId = track.track_id;
  row.item = el(
    'li',
    { class: 'track', 'data-track-id': track.track_id },
    row.grip,
    row.pick,
    row.remove,
  );
  return row;
}

function gripButton() {
  return el(
    'button',
    { class: 'grip', type: 'button', 'aria-describedby': 'grip-hint' },
    icon('grip'),
  );
}

/** What the track is. */
export function fillRow(row, track, { thumbs, unplayable, arrived }) {
  const { title } = trackWords(track);
  thumbs.fill(row.thumb, track);
  setText(row.title, title);
  setText(row.time, lengthWords(track));
  fillSub(row, track, { unplayable, arrived });
  row.item.classList.toggle('is-unplayable', unplayable);
  row.item.classList.toggle('is-awaited', track.awaited === true);
  if (row.grip) setAttribute(row.grip, 'aria-label', `Move ${title}`);
  if (row.remove) setAttribute(row.remove, 'aria-label', `Remove ${title} from the queue`);
}

/** What changes while it is on its way. */
export function fillSub(row, track, options) {
  const { about, by } = queueSubWords(track, options);
  setText(row.about, about);
  setText(row.by, by);
}

/** Where it stands. Not `disabled`: a press without a connection shall say why nothing happens. */
export function markRow(row, { isCurrent, isPast, playing, connected }) {
  row.item.classList.toggle('is-current', isCurrent);
  row.item.classList.toggle('is-past', isPast);
  row.item.classList.toggle('is-playing', isCurrent && playing);
  setAttribute(row.pick, 'aria-current', isCurrent ? 'true' : null);
  // What plays is stopped only by who may move it, too.
  if (row.remove && !row.grip) show(row.remove, !isCurrent);
  const disabled = connected ? null : 'true';
  for (const button of [row.grip, row.pick, row.remove]) {
    if (button?.localName === 'button') setAttribute(button, 'aria-disabled', disabled);
  }
}
