// The sound of this device beside the music: its trim, which loudspeaker it has, what the room is told of
// it, the system's media keys, and what is to be done when page, machine or network were away.
//
// It never decides what plays; the player and the room do.

import { byId } from './dom.js';
import { LockScreen } from './lock-screen.js';
import { outputName } from './output-device.js';
import { Reporter, reportStatus } from './reporter.js';
import { SyncSheet } from './sync-sheet.js';
import { watchWaking } from './wake-watch.js';

/** So long an answer may take before a connection that was away counts as lost; more on a slow line. */
const ANSWER_MS_MIN = 800;
const ANSWER_ROUND_TRIPS = 4;

export class SoundDesk {
  #player;
  #clock;
  #socket;
  #storage;
  #controls;
  #reporter;
  #lockScreen;
  #sheet;
  #device = '';
  #trimMs = 0;
  #isPlaying = false;

  constructor({ player, clock, socket, storage, controls }) {
    this.#player = player;
    this.#clock = clock;
    this.#socket = socket;
    this.#storage = storage;
    this.#controls = controls;
    this.#reporter = new Reporter({ send: (message) => socket.send(message) });
    this.#lockScreen = new LockScreen({ act: this.#mediaKeys() });
    this.#sheet = new SyncSheet({
      player,
      read: () => ({ snapshot: player.snapshot(), quality: this.#quality() }),
      trim: {
        ms: () => this.#trimMs,
        device: () => this.#device,
        try: (ms) => this.#applyTrim(ms),
        keep: (ms) => this.#keepTrim(ms),
      },
    });
    byId('sync-chip').addEventListener('click', () => this.#sheet.open());
    this.#applyTrim(storage.trimOf(''));
    this.#watchDevices();
    watchWaking({ onWake: () => this.#wake() });
  }

  /** Inside the click that joins. */
  start() {
    this.#lockScreen.start();
  }

  /** A new connection, which has heard nothing yet. */
  connected() {
    this.#reporter.reset();
  }

  /** Tells the room how this device does. To be called often: it says little. */
  report() {
    const { phase, method, trackId, loaded, errorMs } = this.#player.snapshot();
    const quality = this.#quality();
    this.#reporter.update(
      {
        status: reportStatus(phase),
        method,
        rtt_ms: quality?.rtt_ms,
        error_ms: phase === 'playing' ? errorMs : null,
        loaded: trackId === null ? null : loaded,
        clock_ms: quality?.spread_ms,
        track_id: trackId,
      },
      performance.now(),
    );
  }

  /** How good the clock is; null before the first answer. */
  #quality() {
    return this.#clock.ready ? this.#clock.quality(performance.now() / 1000) : null;
  }

  /** The party's view, with what is heard where. */
  render({ track, state, canControl, playing, positionSec, durationSec }) {
    this.#isPlaying = playing;
    const trackId = state?.track_id ?? null;
    const isPlaying = playing && (canControl || !this.#isMuted);
    const place = { positionSec, durationSec };
    this.#lockScreen.render({ track, trackId, mayControl: canControl, isPlaying, ...place });
  }

  #wake() {
    const roundTripMs = this.#quality()?.rtt_ms ?? 0;
    this.#socket.check(Math.max(ANSWER_MS_MIN, ANSWER_ROUND_TRIPS * roundTripMs));
    this.#player.wake();
    this.#lockScreen.wake();
  }

  // The trim.

  #applyTrim(ms) {
    this.#trimMs = ms;
    this.#player.setTrim(ms);
  }

  #keepTrim(ms) {
    this.#applyTrim(ms);
    this.#storage.setTrim(this.#device, ms);
  }

  #watchDevices() {
    const { mediaDevices } = navigator;
    mediaDevices?.addEventListener('devicechange', () => {
      this.#player.wake({ isOtherOutput: true });
      this.#findDevice(mediaDevices);
    });
    this.#findDevice(mediaDevices);
  }

  async #findDevice(mediaDevices) {
    const device = await outputName(mediaDevices);
    if (device === this.#device) return;
    this.#device = device;
    this.#applyTrim(this.#storage.trimOf(device));
    this.#sheet.renderTrim();
  }

  // The media keys.

  get #isMuted() {
    return this.#storage.muted || this.#storage.volume === 0;
  }

  #mediaKeys() {
    const controls = this.#controls;
    // After a call the sound may need this tap before anything else.
    const hear = () => this.#player.output.isRunning || this.#player.unlock();
    return {
      play: () => {
        hear();
        if (!this.#isPlaying) controls.toggle();
      },
      pause: () => this.#isPlaying && controls.toggle(),
      next: () => controls.next(),
      previous: () => controls.previous(),
      seekTo: (sec) => controls.seekTo(sec),
      unmute: () => {
        hear();
        if (this.#isMuted) controls.toggleMute();
      },
      mute: () => this.#isMuted || controls.toggleMute(),
    };
  }
}
