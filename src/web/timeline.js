// The line under the title: how far the track is, how much of it is here, and, for the host, where
// to go.
//
// Guests see a progress line that cannot be dragged. While the host drags, nothing is sent; the
// release sends one seek, and the bar stays there until the room answers.

import { byId, setAttribute, setText, show } from './dom.js';
import { formatTime, positionText } from './number-words.js';

/** How long the bar waits at the released place for the room's answer. */
const PENDING_MS = 1500;

export class Timeline {
  #seek = byId('seek');
  #progress = byId('progress');
  #rail = byId('timeline').querySelector('.rail');
  #onSeek;
  #dragging = false;
  #pending = null;
  #durationSec = null;

  /** `onSeek(sec)` is called once for each release. */
  constructor({ onSeek }) {
    this.#onSeek = onSeek;
    this.#seek.addEventListener('input', () => {
      this.#dragging = true;
      this.#draw(this.#seek.valueAsNumber);
    });
    this.#seek.addEventListener('change', () => this.#release());
    // A drag that ends where it began, or that the browser takes away (a call, a scroll), has no
    // 'change'. Where there is one it comes in the same turn as the release, so this comes after it.
    for (const name of ['pointerup', 'pointercancel', 'blur']) {
      addEventListener(name, () => this.#dragging && setTimeout(() => (this.#dragging = false)));
    }
    this.#seek.addEventListener('blur', () => (this.#dragging = false));
  }

  /** The room has spoken: whatever was released is settled. */
  settle() {
    this.#pending = null;
  }

  render({ visible, positionSec, durationSec, loaded, canSeek }) {
    show(byId('timeline'), visible);
    if (!visible) return;
    this.#durationSec = Number.isFinite(durationSec) ? durationSec : null;
    const seekable = canSeek && this.#durationSec !== null;
    show(this.#seek, seekable);
    setAttribute(this.#progress, 'aria-hidden', seekable ? 'true' : null);
    this.#rail.classList.toggle('can-seek', seekable);
    this.#rail.style.setProperty('--loaded', this.#share(loaded));
    setText(byId('duration'), formatTime(this.#durationSec ?? NaN));
    if (!seekable) this.#dragging = false;
    if (this.#dragging) return;
    if (this.#pending && performance.now() > this.#pending.untilMs) this.settle();
    this.#draw(this.#pending?.sec ?? positionSec);
  }

  #release() {
    this.#dragging = false;
    const sec = this.#seek.valueAsNumber;
    if (!Number.isFinite(sec)) return;
    this.#pending = { sec, untilMs: performance.now() + PENDING_MS };
    this.#onSeek(sec);
  }

  #draw(positionSec) {
    const end = this.#durationSec;
    const known = Number.isFinite(positionSec) ? Math.max(0, positionSec) : 0;
    const sec = end === null ? known : Math.min(known, end);
    this.#rail.style.setProperty('--played', end > 0 ? this.#share(sec / end) : 0);
    setText(byId('position'), formatTime(sec));
    const text = positionText(sec, end);
    setAttribute(this.#progress, 'aria-valuetext', text);
    setAttribute(this.#progress, 'aria-valuenow', Math.floor(sec));
    setAttribute(this.#progress, 'aria-valuemax', end === null ? null : Math.ceil(end));
    if (end === null) return;
    setAttribute(this.#seek, 'max', end.toFixed(1));
    if (!this.#dragging) this.#seek.value = sec.toFixed(1);
    setAttribute(this.#seek, 'aria-valuetext', text);
  }

  #share(value) {
    return Math.min(1, Math.max(0, Number(value) || 0)).toFixed(4);
  }
}
