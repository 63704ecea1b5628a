// The sound of the page: follows the room's state with whatever this browser can play it with.
//
// It never talks to the room and never changes its state; losing the connection changes nothing
// here, the last state goes on. The music is WebAudio's (buffer-player.js), or an <audio>
// element's (element-player.js) for tracks too long to decode.
//
// Invariant: everything follows from `#state` (what the room wants), `#job` (the track it names,
// on its way or here) and the output; any of them may change at any time, and #apply() brings the
// rest in line.

import { BufferPlayer } from './buffer-player.js';
import { ElementPlayer } from './element-player.js';
import { CORRECTION, targetPosition } from './playback.js';
import { SoundOutput, newAudioContext } from './sound-output.js';
import { keepNewest, prepareTrack } from './track-media.js';

const READ_EVERY_MS = 100;
// Every so many readings the sound is measured and corrected, and listeners hear of it.
const READINGS_PER_TICK = 5;
const KNOWN_TRACK_COUNT_MAX = 5000;

export class Player extends EventTarget {
  #clock;
  #trackUrl;
  #output;
  #outputKnown = deferred(); // resolves at the first tap, when it is clear what this browser has
  #element = null;
  #state = null;
  #job = null; // { trackId, url, abort, loaded, reason, deck }
  #decoded = []; // [{ trackId, buffer }], the newest last
  #known = new Map();
  #everUnlocked = false;
  #volume = 1;
  #timer = null;
  #readings = 0;
  #told = '';
  #tellQueued = false;
  #closed = new AbortController();

  constructor({
    clock,
    trackUrl = (id) => `/tracks/${encodeURIComponent(id)}`,
    audioContextFactory = newAudioContext,
  }) {
    super();
    this.#clock = clock;
    this.#trackUrl = trackUrl;
    this.#output = new SoundOutput({
      audioContextFactory,
      onChange: () => this.#outputChanged(),
    });
    const { signal } = this.#closed;
    const wake = () => this.#wake();
    globalThis.document?.addEventListener('visibilitychange', wake, { signal });
    globalThis.addEventListener?.('pageshow', wake, { signal });
    globalThis.addEventListener?.('online', () => this.#job?.reason === 'network' && this.retry(), {
      signal,
    });
  }

  // Brings up the sound. Call it inside a tap or click; resolves with whether sound really runs.
  async unlock() {
    if (this.#closed.signal.aborted) return false;
    this.#everUnlocked = true;
    // Safari lets an element play later only if a tap has touched it.
    if (!this.#element && typeof globalThis.Audio === 'function') {
      this.#element = new Audio();
      this.#element.load();
    }
    const isNew = this.#output.open();
    // Decoded tracks have the sample rate of the context that they were decoded with.
    if (isNew && this.#decoded.length > 0) {
      this.#decoded = [];
      this.#changeTrack(this.#state);
    }
    this.#outputKnown.resolve();
    this.#job?.deck?.unblock?.();
    this.#startTimer();
    const runs = this.#output.context ? await this.#output.start() : this.#element !== null;
    this.#apply();
    return runs;
  }

  // The newest STATE payload, or null for a room without one. Safe to repeat.
  setState(payload) {
    const state = readState(payload);
    if (state === undefined || this.#closed.signal.aborted) return;
    const before = this.#state?.track_id ?? null;
    this.#state = state;
    if ((state?.track_id ?? null) !== before) this.#changeTrack(state);
    this.#startTimer();
    this.#apply();
  }

  // The tracks of a QUEUE message.
  setKnownTracks(tracks) {
    const list = Array.isArray(tracks) ? tracks.slice(0, KNOWN_TRACK_COUNT_MAX) : [];
    const named = list.filter((track) => typeof track?.track_id === 'string');
    this.#known = new Map(named.map((track) => [track.track_id, track]));
    if (this.#job?.reason === 'unknown-track' && this.#known.has(this.#job.trackId)) this.retry();
  }

  // Tries the current track again after it has failed.
  retry() {
    if (!this.#job?.reason) return;
    this.#changeTrack(this.#state);
    this.#apply();
  }

  // 0 to 1, evenly spaced to the ear. For this device alone.
  setVolume(volume) {
    if (!Number.isFinite(volume)) return;
    this.#volume = Math.min(1, Math.max(0, volume));
    this.#output.setGain(loudness(this.#volume));
    if (this.#element) this.#element.volume = loudness(this.#volume);
  }

  snapshot() {
    const deck = this.#job?.deck ?? null;
    const phase = this.#phase();
    const errorSec = phase === 'playing' ? deck.errorSec : null;
    return {
      phase,
      trackId: this.#state?.track_id ?? null,
      positionSec: this.#positionSec(phase),
      durationSec: deck?.durationSec ?? null,
      loaded: deck?.loaded ?? this.#job?.loaded ?? 0,
      errorMs: toMs(errorSec),
      outputLatencyMs: toMs(this.#output.clock.latencySec),
      method: deck?.method ?? null,
      reason: phase === 'failed' ? this.#job.reason : null,
    };
  }

  // For tests and the developer drawer.
  debug() {
    const deck = this.#job?.deck ?? null;
    const { epochSec, readingCount, source } = this.#output.clock;
    return {
      context: this.#output.context,
      analyser: this.#output.analyser,
      element: this.#element,
      mapping: { epochSec, readingCount, source },
      segments: deck?.segments() ?? [],
      corrections: deck ? deck.counts.bends + deck.counts.jumps : 0,
      counts: { ...deck?.counts },
      decodedTracks: this.#decoded.map((d) => d.trackId),
    };
  }

  close() {
    this.#closed.abort();
    this.#dropJob();
    this.#state = null;
    this.#startTimer();
    this.#decoded = [];
    this.#output.close();
  }

  #outputChanged() {
    this.#job?.deck?.resync();
    this.#output.nudge();
    this.#apply();
  }

  // The page is looked at again: go on if something stopped the sound meanwhile.
  #wake() {
    this.#output.nudge();
    this.#apply();
  }

  #changeTrack(state) {
    const leaveAtSec = state?.status === 'PLAY' ? this.#clock.localAt(state.timestamp) : NaN;
    this.#dropJob(leaveAtSec);
    if (state?.track_id == null) return;
    const job = {
      trackId: state.track_id,
      url: this.#trackUrl(state.track_id),
      abort: new AbortController(),
      loaded: 0,
      reason: null,
      deck: null,
    };
    this.#job = job;
    this.#load(job).catch((error) => {
      if (job.abort.signal.aborted) return;
      job.reason = error.reason ?? 'decode';
      this.#tell();
    });
  }

  #dropJob(leaveAtSec = NaN) {
    const job = this.#job;
    this.#job = null;
    job?.abort.abort();
    job?.deck?.leave(leaveAtSec);
  }

  async #load(job) {
    const { signal } = job.abort;
    const buffer = this.#decoded.find((d) => d.trackId === job.trackId)?.buffer;
    const media = buffer ? { buffer } : await this.#prepare(job);
    await this.#outputKnown.promise;
    signal.throwIfAborted();
    if (media.buffer) this.#keepDecoded(job.trackId, media.buffer);
    job.deck = media.buffer ? this.#bufferPlayer(media.buffer) : this.#elementPlayer(job);
    this.#apply();
  }

  #prepare(job) {
    const bytes = this.#known.get(job.trackId)?.bytes ?? null;
    return prepareTrack({
      url: job.url,
      bytes,
      context: this.#outputKnown.promise.then(() => this.#output.context),
      signal: job.abort.signal,
      onProgress: (loadedBytes, totalBytes) => {
        const total = totalBytes ?? bytes;
        job.loaded = total > 0 ? Math.min(1, loadedBytes / total) : 0;
        this.#tell();
      },
    });
  }

  #bufferPlayer(buffer) {
    const { context, input, clock } = this.#output;
    return new BufferPlayer({
      context,
      destination: input,
      buffer,
      clock: this.#clock,
      outputClock: clock,
    });
  }

  #elementPlayer(job) {
    const element = this.#element;
    element.volume = loudness(this.#volume);
    const onChange = () => {
      job.reason ??= job.deck?.failedReason ?? null;
      this.#tell();
    };
    return new ElementPlayer({
      element,
      url: job.url,
      clock: this.#clock,
      nowSec,
      onChange,
    });
  }

  #keepDecoded(trackId, buffer) {
    const others = this.#decoded.filter((d) => d.trackId !== trackId);
    this.#decoded = keepNewest([...others, { trackId, buffer }]);
  }

  // Brings the sound in line with what the room wants; harmless when it already is.
  #apply() {
    const deck = this.#job?.deck;
    if (deck && !this.#job.reason && this.#state) {
      this.#output.read(nowSec());
      deck.follow(this.#state);
    }
    this.#tell();
  }

  #startTimer() {
    const wanted = this.#everUnlocked && this.#state?.track_id != null;
    if (wanted) this.#timer ??= setInterval(() => this.#onTimer(), READ_EVERY_MS);
    if (wanted || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #onTimer() {
    this.#output.read(nowSec());
    this.#readings += 1;
    const isTick = this.#readings % READINGS_PER_TICK === 0;
    const deck = this.#job?.deck;
    if (deck && (isTick || deck.method === 'element')) deck.tick(nowSec());
    this.#tell(isTick && this.#phase() === 'playing');
  }

  #phase() {
    const state = this.#state;
    if (state?.track_id == null) return 'idle';
    if (!this.#everUnlocked) return 'locked';
    if (this.#job?.reason) return 'failed';
    const deck = this.#job?.deck;
    const needsOutput = this.#output.context && deck?.method !== 'element';
    if ((needsOutput && !this.#output.isRunning) || deck?.blocked) return 'blocked';
    if (!deck) return 'loading';
    const roomSec = this.#clock.roomAt(nowSec());
    if (deck.durationSec !== null && targetPosition(state, roomSec) >= deck.durationSec)
      return 'ended';
    if (state.status !== 'PLAY') return 'paused';
    if (roomSec < state.timestamp) return 'ready';
    const isFarOff = Math.abs(deck.errorSec ?? 0) > CORRECTION.bendMaxSec;
    return isFarOff || deck.heardAt(nowSec()) === null ? 'catching-up' : 'playing';
  }

  #positionSec(phase) {
    const deck = this.#job?.deck;
    const heardSec = phase === 'playing' ? deck.heardAt(nowSec()) : null;
    const positionSec = heardSec ?? targetPosition(this.#state, this.#clock.roomAt(nowSec()));
    return Math.max(0, Math.min(positionSec, deck?.durationSec ?? Infinity));
  }

  // Tells listeners once for everything that changed in this turn; says nothing when nothing did.
  #tell(always = false) {
    const { phase, trackId, durationSec, loaded, method, reason } = this.snapshot();
    const percent = Math.floor(loaded * 100);
    const news = JSON.stringify([phase, trackId, durationSec, percent, method, reason]);
    if (!always && news === this.#told) return;
    this.#told = news;
    if (this.#tellQueued) return;
    this.#tellQueued = true;
    queueMicrotask(() => {
      this.#tellQueued = false;
      if (!this.#closed.signal.aborted) this.dispatchEvent(new Event('change'));
    });
  }
}

// A STATE payload with what is needed to follow it, null for none, undefined for nonsense.
function readState(payload) {
  if (payload === null) return null;
  const { track_id, status, offset_sec, timestamp } = payload ?? {};
  if (track_id !== null && typeof track_id !== 'string') return undefined;
  if (status !== 'PLAY' && status !== 'PAUSE') return undefined;
  if (!Number.isFinite(offset_sec) || !Number.isFinite(timestamp)) return undefined;
  return { track_id, status, offset_sec: Math.max(0, offset_sec), timestamp };
}

// Loudness grows much slower than amplitude; the square is close to how a volume slider is
// expected to feel.
function loudness(volume) {
  return volume ** 2;
}

function toMs(seconds) {
  return seconds === null ? null : seconds * 1000;
}

function nowSec() {
  return performance.now() / 1000;
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve) => (parts.resolve = resolve));
  return parts;
}
