// What the host can do to the music (or everybody, if the host lets them), and everybody to their own volume.
//
// The controls send and never pretend: the page changes when the room's new state comes back. An
// offset that is sent is always a finite number of seconds, at least 0.

import { byId, setAttribute, show } from './dom.js';
import { queuePlace } from './room-model.js';

const STEP_SEC = 5;

/** Later than that in a track, going back first means its own beginning. */
const RESTART_AFTER_SEC = 3;

/** What the dock hides of the window's lower edge. */
const DOCK_PX = 64;

/** Of the controls so much has to be seen that a thumb finds the button. */
const IN_VIEW_SHARE = 0.6;

/** Where unmuting leads when the slider is at its end and was never anywhere else. */
const AUDIBLE_DEFAULT = 0.5;
const AUDIBLE_MIN = 0.05;

export class Controls {
  #player;
  #storage;
  #playback;
  #volume = byId('volume');
  #audible = AUDIBLE_DEFAULT;
  #controlsInView = true;
  #skippedFrom = null;

  /**
   * `playback` reads the room and sends: room (as it sounds), roomTrackId (as it is), positionSec,
   * durationSec, phase, send, onLast.
   */
  constructor({ player, storage, playback }) {
    this.#player = player;
    this.#storage = storage;
    this.#playback = playback;
    byId('play-button').addEventListener('click', () => this.toggle());
    byId('prev-button').addEventListener('click', () => this.previous());
    byId('next-button').addEventListener('click', () => this.next());
    byId('dock-play').addEventListener('click', () => this.toggle());
    byId('mute').addEventListener('click', () => this.toggleMute());
    this.#watchControls();
    this.#volume.value = Math.round(storage.volume * 100);
    this.#volume.addEventListener('input', () => {
      this.#storage.muted = false;
      this.#storage.volume = this.#volume.valueAsNumber / 100;
      this.#applyVolume();
    });
    // Only where the slider was let go: on its way to nothing it passes every volume.
    this.#volume.addEventListener('change', () => this.#rememberAudible());
    this.#rememberAudible();
    this.#applyVolume();
  }

  /** While the controls are scrolled away, or lie under the dock, the dock has a play button. */
  #watchControls() {
    if (typeof IntersectionObserver !== 'function') return;
    const observer = new IntersectionObserver(
      (entries) => {
        this.#controlsInView = entries.at(-1).intersectionRatio >= IN_VIEW_SHARE;
        this.#renderDock();
      },
      { rootMargin: `0px 0px -${DOCK_PX}px 0px`, threshold: [0, IN_VIEW_SHARE] },
    );
    observer.observe(byId('controls'));
  }

  #renderDock() {
    show(byId('dock-play'), !byId('controls').hidden && !this.#controlsInView);
  }

  #rememberAudible() {
    if (this.#storage.volume >= AUDIBLE_MIN) this.#audible = this.#storage.volume;
  }

  /** What a key asks for, as keys.js names it; false when there is nothing to do it to. */
  act(meaning) {
    switch (meaning) {
      case 'next':
        return this.next();
      case 'previous':
        return this.previous();
      case 'toggle':
        this.toggle();
        return true;
      default:
        return this.step(meaning === 'back' ? -1 : 1);
    }
  }

  toggle() {
    const { state, tracks } = this.#playback.room();
    const trackId = state?.track_id ?? tracks[0]?.track_id;
    if (trackId === undefined) return;
    const ended = this.#playback.phase() === 'ended';
    const type = state.status === 'PLAY' && !ended ? 'PAUSE' : 'PLAY';
    this.#send(type, trackId, ended ? 0 : this.#playback.positionSec());
  }

  choose(trackId) {
    this.#send('PLAY', trackId, 0);
  }

  seekTo(sec) {
    const { state } = this.#playback.room();
    if (!state || state.track_id === null) return;
    const end = this.#playback.durationSec();
    const bounded = Math.min(Math.max(0, sec), Number.isFinite(end) ? end : Infinity);
    this.#send(state.status, state.track_id, bounded);
  }

  /** Five seconds back (-1) or on (1); false when there is nothing to move in. */
  step(direction) {
    const { state } = this.#playback.room();
    if (!state || state.track_id === null) return false;
    this.seekTo(this.#playback.positionSec() + direction * STEP_SEC);
    return true;
  }

  next() {
    const { state, tracks, editable } = this.#playback.room();
    if (!editable || !state || state.track_id === null || tracks.length === 0) return false;
    if (queuePlace(tracks, this.#skipFrom(state)).hasNext) this.#skip('NEXT', state);
    else this.#playback.onLast();
    return true;
  }

  /** The beginning of the track, and from there the one before. */
  previous() {
    const { state, tracks, editable } = this.#playback.room();
    if (!editable || !state || state.track_id === null) return false;
    const from = this.#skipFrom(state);
    const late = this.#playback.positionSec() > RESTART_AFTER_SEC && from === state.track_id;
    if (!late && queuePlace(tracks, from).hasPrevious) this.#skip('PREVIOUS', state);
    else this.seekTo(0);
    return true;
  }

  /** `from` keeps the second half of a double click from skipping one more. */
  #skip(type, heard) {
    this.#playback.send({ type, from: this.#skipFrom(heard) });
    this.#skippedFrom = heard.track_id;
  }

  /**
   * The room is a moment ahead of what is heard. After a skip the next one goes on from where the
   * room is; at the end of a track it still means the one that sounds.
   */
  #skipFrom(heard) {
    const roomId = this.#playback.roomTrackId();
    return this.#skippedFrom === heard.track_id && roomId !== null ? roomId : heard.track_id;
  }

  toggleMute() {
    const { muted, volume } = this.#storage;
    const isSilent = muted || volume === 0;
    this.#storage.muted = !isSilent;
    if (isSilent && volume === 0) {
      this.#storage.volume = this.#audible;
      this.#volume.value = Math.round(this.#audible * 100);
    }
    this.#applyVolume();
  }

  render({ canControl, canEdit, trackId, trackCount, hasNext, playing, connection }) {
    show(byId('controls'), canControl && (trackId !== null || trackCount > 0));
    this.#renderDock();
    if (!canControl) return;
    const skips = canEdit && trackId !== null && trackCount > 0;
    for (const id of ['prev-button', 'next-button']) show(byId(id), skips);
    // Not `disabled`: that loses the focus, and a press shall say why nothing happens.
    const disabled = connection === 'open' ? null : 'true';
    for (const id of ['prev-button', 'play-button', 'next-button', 'dock-play']) {
      setAttribute(byId(id), 'aria-disabled', disabled);
    }
    if (!hasNext) setAttribute(byId('next-button'), 'aria-disabled', 'true');
    for (const [button, symbol] of [
      ['play-button', 'play-icon'],
      ['dock-play', 'dock-play-icon'],
    ]) {
      setAttribute(byId(symbol), 'href', playing ? '#i-pause' : '#i-play');
      setAttribute(byId(button), 'aria-label', playing ? 'Pause' : 'Play');
    }
  }

  #send(type, trackId, offsetSec) {
    if (!Number.isFinite(offsetSec)) return;
    this.#playback.send({
      type,
      track_id: trackId,
      offset_sec: Math.round(Math.max(0, offsetSec) * 1000) / 1000,
    });
  }

  #applyVolume() {
    const { muted, volume } = this.#storage;
    this.#player.setVolume(muted ? 0 : volume);
    const silent = muted || volume === 0;
    const percent = Math.round(volume * 100);
    byId('volume-fill').parentElement.parentElement.style.setProperty(
      '--played',
      muted ? 0 : volume,
    );
    setAttribute(byId('mute-icon'), 'href', silent ? '#i-muted' : '#i-sound');
    setAttribute(byId('mute'), 'aria-pressed', String(silent));
    setAttribute(
      this.#volume,
      'aria-valuetext',
      muted ? `muted, ${percent} percent` : `${percent} percent`,
    );
  }
}
