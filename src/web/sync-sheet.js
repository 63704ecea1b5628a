// The sheet behind the chip: how exact this device is, and a trim for a loudspeaker that is late.
//
// It shows one of two sides: the figures with the trim, or a pad to tap along with clicks, from which
// follows what the trim should be. The trim takes effect while it is moved; it is kept when it is let go.

import { byId, el, setAttribute, setText, show } from './dom.js';
import { Metronome } from './metronome.js';
import { scaleShare } from './people-panel.js';
import { syncFacts, tapWords, trimHint, trimWords } from './sync-words.js';
import { judgeTaps } from './tap-to-beat.js';
import { cleanTrim } from './trim.js';

const REFRESH_MS = 500;
const STEP_MS = 5;
const TAPS_MAX = 200;

export class SyncSheet {
  #dialog = byId('sync-dialog');
  #slider = byId('trim');
  #player;
  #read;
  #trim;
  #values = new Map();
  #timer = null;
  #metronome = null;
  #taps = [];
  #foundMs = null;

  /**
   * `read()` gives `{ snapshot, quality }`, asked twice a second while the sheet is open. `trim` is
   * `{ ms(), device(), try(ms), keep(ms) }`.
   */
  constructor({ player, read, trim }) {
    this.#player = player;
    this.#read = read;
    this.#trim = trim;
    this.#slider.addEventListener('input', () => this.#set(this.#slider.valueAsNumber, false));
    this.#slider.addEventListener('change', () => this.#set(this.#slider.valueAsNumber));
    byId('trim-later').addEventListener('click', () => this.#set(trim.ms() - STEP_MS));
    byId('trim-earlier').addEventListener('click', () => this.#set(trim.ms() + STEP_MS));
    byId('trim-none').addEventListener('click', () => this.#set(0));
    byId('tap-start').addEventListener('click', () => this.#startTaps());
    byId('tap-stop').addEventListener('click', () => this.#endTaps());
    byId('tap-use').addEventListener('click', () => this.#useTaps());
    this.#wirePad();
    this.#dialog.addEventListener('close', () => this.#closed());
  }

  open() {
    this.#values.clear();
    byId('sync-facts').replaceChildren();
    this.#refresh();
    this.renderTrim();
    this.#timer ??= setInterval(() => this.#refresh(), REFRESH_MS);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  /** Also when another loudspeaker has taken over. */
  renderTrim() {
    const ms = this.#trim.ms();
    this.#slider.value = ms;
    setAttribute(this.#slider, 'aria-valuetext', trimWords(ms));
    setText(byId('trim-value'), trimWords(ms));
    setText(byId('trim-hint'), trimHint(this.#trim.device()));
    show(byId('trim-none'), ms !== 0);
  }

  #closed() {
    clearInterval(this.#timer);
    this.#timer = null;
    this.#endTaps();
  }

  #refresh() {
    const now = this.#read();
    const list = byId('sync-facts');
    for (const [label, text] of syncFacts(now)) {
      if (!this.#values.has(label)) {
        this.#values.set(label, el('dd'));
        list.append(el('dt', {}, label), this.#values.get(label));
      }
      setText(this.#values.get(label), text);
    }
    const { errorMs } = now.snapshot;
    const needle = byId('gauge-needle');
    needle.classList.toggle('is-unknown', !Number.isFinite(errorMs));
    needle.style.setProperty('--error', scaleShare(Number(errorMs) || 0));
    show(byId('tap-start'), this.#player.output.isRunning);
  }

  #set(ms, isFinal = true) {
    if (isFinal) this.#trim.keep(cleanTrim(ms));
    else this.#trim.try(cleanTrim(ms));
    this.renderTrim();
  }

  // The pad.

  #wirePad() {
    const pad = byId('tap-pad');
    // As soon as the finger is down: a click comes when it is up again. The event's own time is the
    // finger's, and not when the page got round to it.
    pad.addEventListener('pointerdown', (event) => this.#tap(event));
    // A screen reader presses without a finger.
    pad.addEventListener('click', (event) => event.detail === 0 && this.#tap(event));
    this.#dialog.addEventListener('keydown', (event) => {
      if (this.#metronome === null || event.key !== ' ') return;
      if (event.target !== pad && event.target.matches('button')) return;
      event.preventDefault();
      if (!event.repeat) this.#tap(event);
    });
  }

  #startTaps() {
    if (this.#metronome !== null || !this.#player.output.isRunning) return;
    this.#player.volume.hush(true);
    this.#metronome = new Metronome(this.#player.output);
    this.#taps = [];
    this.#showSide(true);
    this.#judge();
    byId('tap-pad').focus();
  }

  #endTaps() {
    if (this.#metronome === null) return;
    this.#metronome.stop();
    this.#metronome = null;
    this.#player.volume.hush(false);
    this.#showSide(false);
    if (this.#dialog.open) byId('tap-start').focus();
  }

  #useTaps() {
    if (this.#foundMs !== null) this.#set(this.#foundMs);
    this.#endTaps();
  }

  #showSide(isTapping) {
    setText(byId('sync-title'), isTapping ? 'Tap to the beat' : 'How together are we?');
    show(byId('sync-figures'), !isTapping);
    show(byId('tapping'), isTapping);
  }

  #tap({ timeStamp }) {
    const sec = this.#metronome?.secondsAt(timeStamp / 1000);
    if (!Number.isFinite(sec)) return;
    this.#taps = [...this.#taps, sec].slice(-TAPS_MAX);
    byId('tap-pad').classList.toggle('is-odd', this.#taps.length % 2 === 1);
    this.#judge();
  }

  #judge() {
    const judged = judgeTaps(this.#taps);
    this.#foundMs = judged.kind === 'found' ? cleanTrim(judged.lateSec * 1000) : null;
    setText(byId('tap-words'), tapWords(judged, this.#foundMs));
    show(byId('tap-use'), this.#foundMs !== null);
  }
}
