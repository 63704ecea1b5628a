// A room before joining: what plays, who is there, a name, and the button that matters.
//
// Looks in from outside every few seconds without being a member, less often when the server does
// not answer, and stops for good on leaving. Starting sound is the caller's, inside the click.

import { badgeColors } from './art.js';
import { byId, el, setText, show } from './dom.js';
import { lockedWords, lookTrouble } from './key-words.js';
import { cleanName, initials, suggestName } from './names.js';
import { Record } from './record.js';
import { isKey } from './room-keys.js';
import { findTrack, readCrowd, readTracks } from './room-model.js';
import { trackWords, unknownTrackTitle } from './track-words.js';
import { lobbyWords, nameList } from './words.js';

const POLL_MS = 3000;
const POLL_MAX_MS = 24000;
const ANSWER_TIMEOUT_MS = 5000;
const BADGES_MAX = 5;

export class Lobby {
  #room;
  #storage;
  #keys;
  #onJoin;
  #record;
  #keyTrouble = '';
  #suggestion = suggestName([Math.random(), Math.random()]);
  #pauseMs = POLL_MS;
  #timer = null;
  #abort = null;
  #left = false;

  /** `onJoin({ role, name })` is called inside the click. */
  constructor({ room, storage, keys, onJoin }) {
    this.#room = room;
    this.#storage = storage;
    this.#keys = keys;
    this.#onJoin = onJoin;
    this.#record = new Record(byId('lobby-record'));
  }

  show() {
    document.body.dataset.view = 'lobby';
    document.title = `${this.#room} · jam`;
    setText(byId('lobby-room'), this.#room);
    const field = byId('name-field');
    field.value = this.#storage.name || this.#suggestion;
    // Somebody who taps into the field wants another name, not to edit this one.
    field.addEventListener('focus', () => field.select());
    byId('lobby-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#join('viewer');
    });
    byId('host-button').addEventListener('click', () => this.#join('host'));
    show(byId('lobby'), true);
    this.#poll();
  }

  #join(role) {
    if (this.#left || !this.#takesKey()) return;
    this.#left = true;
    clearTimeout(this.#timer);
    this.#abort?.abort();
    // A suggestion that was taken is a name like any other: tomorrow it shall be the same.
    const name = cleanName(byId('name-field').value) || this.#suggestion;
    this.#storage.name = name;
    this.#onJoin({ role, name });
    show(byId('lobby'), false);
  }

  /** What was typed for a locked room is remembered; false, with the field in focus, when it can be no key. */
  #takesKey() {
    const field = byId('lobby-key');
    if (byId('lobby-key-row').hidden) return true;
    if (isKey(field.value)) this.#keys.set({ room: field.value });
    else field.focus();
    return isKey(field.value);
  }

  async #poll() {
    this.#abort = new AbortController();
    const deadline = setTimeout(() => this.#abort.abort(), ANSWER_TIMEOUT_MS);
    try {
      if (!document.hidden) this.#render(await this.#look());
      this.#pauseMs = POLL_MS;
    } catch (problem) {
      this.#pauseMs = Math.min(POLL_MAX_MS, this.#pauseMs * 2);
      if (!this.#left) this.#renderTrouble(problem.message === 'full');
    }
    clearTimeout(deadline);
    if (this.#left) return;
    this.#timer = setTimeout(() => this.#poll(), this.#pauseMs);
  }

  async #look() {
    const answer = await fetch(`/api/rooms/${this.#room}`, {
      signal: this.#abort.signal,
      cache: 'no-store',
      headers: this.#keys.headers,
    });
    if (answer.status === 503) throw new Error('full');
    const trouble = lookTrouble(answer.status);
    if (trouble !== '') {
      // It is asked for, and not tried again every few seconds.
      this.#keys.set({ room: null });
      this.#keyTrouble = trouble;
      return this.#look();
    }
    if (!answer.ok) throw new Error('refused');
    return answer.json();
  }

  #render(look) {
    if (this.#left) return;
    const isShut = look.locked === true && look.state === undefined;
    show(byId('lobby-key-row'), isShut);
    if (isShut) {
      setText(byId('lobby-line'), lockedWords(readCrowd(look).total));
      setText(byId('lobby-key-trouble'), this.#keyTrouble);
      setText(byId('lobby-trouble'), '');
      this.#record.setTrack(null);
      this.#renderPeople([], 0);
      // Somebody else may host; who would like to is told.
      byId('host-button').classList.remove('is-away');
      return;
    }
    const trackId = look.state?.track_id ?? null;
    const tracks = readTracks(look.tracks);
    const track = findTrack({ tracks }, trackId);
    const title =
      trackId === null ? '' : track ? trackWords(track).title : unknownTrackTitle(trackId);
    const playing = trackId !== null && look.state?.status === 'PLAY';
    const hostName = look.host ?? null;
    const { members, total } = readCrowd(look);
    this.#record.setTrack(trackId === null ? null : (track ?? { track_id: trackId }));
    this.#record.setPlaying(playing && total > 0);
    setText(byId('lobby-line'), lobbyWords({ hostName, total, title, playing }));
    this.#renderPeople(members, total);
    // Its place is kept, as all places here are: nothing may move while a finger is on its way.
    byId('host-button').classList.toggle('is-away', hostName !== null);
    setText(byId('lobby-trouble'), '');
  }

  #renderPeople(members, total) {
    const names = members.map((member) => member.name);
    setText(byId('lobby-names'), nameList(names, total));
    const shown = members.slice(0, BADGES_MAX);
    const key = shown.map((member) => member.peer_id + member.name).join(' ');
    const badges = byId('lobby-badges');
    if (badges.dataset.key === key) return;
    badges.dataset.key = key;
    badges.replaceChildren(...shown.map((member) => drawBadge(member)));
  }

  #renderTrouble(full) {
    setText(
      byId('lobby-trouble'),
      full
        ? 'This server is full: it takes no more people right now. Looking again by itself.'
        : 'The server does not answer. Are you in the same network? Looking again by itself.',
    );
  }
}

/** A round badge with initials. */
export function drawBadge({ peer_id: peerId, name }) {
  const badge = el('span', { class: 'badge' }, initials(name));
  const [ground, ink] = badgeColors(peerId);
  badge.style.setProperty('--badge', ground);
  badge.style.setProperty('--badge-ink', ink);
  return badge;
}
