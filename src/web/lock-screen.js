// What a phone's lock screen, a headset and the media keys of a keyboard show and do.
//
// Systems show a page there only while it plays an element, and WebAudio is none: so a silent one plays
// along. It also keeps the page of a phone in a pocket awake for the next song. The host's keys are the
// host's buttons; for a guest play and pause mean this device's own sound.

import { drawArt } from './art.js';
import { coverUrl } from './room-model.js';
import { trackWords, unknownTrackTitle } from './track-words.js';

const ART_PX = 320;
/** A shorter one is taken for a sound effect. */
const SILENCE_SEC = 12;
const SILENCE_RATE_HZ = 8000;
/** The system counts on by itself; what it counts may be off by so much. */
const POSITION_SEC_MAX = 1;

const ACTIONS = ['play', 'pause', 'nexttrack', 'previoustrack', 'seekto'];

export class LockScreen {
  #session = globalThis.navigator?.mediaSession ?? null;
  #act;
  #silence = null;
  #shownTrack = null;
  #handles = '';
  #told = { key: '', positionSec: 0, atMs: 0 };

  /** `act`: what the keys do, `{ play, pause, next, previous, seekTo, unmute, mute }`. */
  constructor({ act }) {
    this.#act = act;
  }

  /** Inside the click that joins: elsewhere nothing may begin to play. */
  start() {
    if (this.#session === null || this.#silence !== null) return;
    this.#silence = new Audio(URL.createObjectURL(silentFile()));
    this.#silence.loop = true;
    this.wake();
  }

  /** A call or another program may have stopped it. */
  wake() {
    this.#silence?.play().catch(() => {});
  }

  /** `mayControl`: play and pause are the room's. `isPlaying`: what they would change is on. */
  render({ track, trackId, mayControl, isPlaying, positionSec, durationSec }) {
    if (this.#silence === null) return;
    this.#showTrack(trackId === null ? null : (track ?? { track_id: trackId }));
    this.#setHandlers(mayControl);
    this.#session.playbackState = trackId === null ? 'none' : isPlaying ? 'playing' : 'paused';
    this.#tellPosition({ trackId, isPlaying, positionSec, durationSec });
  }

  #showTrack(track) {
    const key = JSON.stringify(track);
    if (key === this.#shownTrack) return;
    this.#shownTrack = key;
    if (track === null) {
      this.#session.metadata = null;
      return;
    }
    const words = track.name ? trackWords(track) : { title: unknownTrackTitle(track.track_id) };
    const show = (src) => {
      if (this.#shownTrack !== key) return;
      const artwork = src === null ? [] : [{ src }];
      this.#session.metadata = new MediaMetadata({ ...words, artwork });
    };
    const cover = coverUrl(track);
    show(cover === null ? null : new URL(cover, location.href).href);
    if (cover === null) artPicture(track.track_id).then(show, () => {});
  }

  #setHandlers(mayControl) {
    const handles = String(mayControl);
    if (handles === this.#handles) return;
    this.#handles = handles;
    const act = this.#act;
    const handlers = mayControl
      ? {
          play: act.play,
          pause: act.pause,
          nexttrack: act.next,
          previoustrack: act.previous,
          seekto: ({ seekTime }) => act.seekTo(seekTime),
        }
      : { play: act.unmute, pause: act.mute };
    for (const action of ACTIONS) {
      try {
        this.#session.setActionHandler(action, handlers[action] ?? null);
      } catch {
        // A browser that does not know this one shows no button for it.
      }
    }
  }

  #tellPosition({ trackId, isPlaying, positionSec, durationSec }) {
    if (typeof this.#session.setPositionState !== 'function') return;
    const known = trackId !== null && Number.isFinite(durationSec) && durationSec > 0;
    const key = JSON.stringify([trackId, isPlaying, known && Math.round(durationSec)]);
    const nowMs = performance.now();
    const wentSec = isPlaying ? (nowMs - this.#told.atMs) / 1000 : 0;
    const offSec = Math.abs(this.#told.positionSec + wentSec - positionSec);
    if (key === this.#told.key && offSec < POSITION_SEC_MAX) return;
    this.#told = { key, positionSec, atMs: nowMs };
    const position = Math.min(positionSec, durationSec);
    const state = { duration: durationSec, playbackRate: 1, position };
    this.#session.setPositionState(known ? state : undefined);
  }
}

/** The art of a track as a picture that the system can take. */
async function artPicture(trackId) {
  const art = drawArt(trackId);
  for (const side of ['width', 'height']) art.setAttribute(side, ART_PX);
  const image = new Image();
  const text = new XMLSerializer().serializeToString(art);
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = ART_PX;
  canvas.height = ART_PX;
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/png');
}

/** A WAV file of silence, one byte a frame. */
function silentFile() {
  const frames = SILENCE_SEC * SILENCE_RATE_HZ;
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  head.setUint32(4, 36 + frames, true);
  text(8, 'WAVEfmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, SILENCE_RATE_HZ, true);
  head.setUint32(28, SILENCE_RATE_HZ, true);
  head.setUint16(32, 1, true);
  head.setUint16(34, 8, true);
  text(36, 'data');
  head.setUint32(40, frames, true);
  return new Blob([head, new Uint8Array(frames).fill(128)], { type: 'audio/wav' });
}
