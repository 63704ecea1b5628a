// The sound of the page: follows the room's state with whatever this browser can play it with.
//
// It never talks to the room and never changes its state; losing the connection changes nothing
// here, the last state goes on. The music is WebAudio's (buffer-player.js), or an <audio>
// element's (element-player.js) for tracks too long to decode. While a track plays, the next one is
// made ready (track-shelf.js).
//
// Invariant: everything follows from `#state` (what the room wants), `#job` (the track it names,
// on its way or here) and the output; any of them may change at any time, and #apply() brings the
// rest in line. A new state takes effect in the near future: until then `#outgoing` is what sounds
// and what is told, if its track is another.

import { Decks } from './decks.js';
import { phaseOf } from './phase.js';
import { readState, targetPosition } from './playback.js';
import { SoundOutput, newAudioContext } from './sound-output.js';
import { TrackShelf } from './track-shelf.js';

const READ_EVERY_MS = 100;
// Every so many readings the sound is measured and corrected, and listeners hear of it.
const READINGS_PER_TICK = 5;
const KNOWN_TRACK_COUNT_MAX = 5000;
// A next track that waits undecoded for want of memory is decoded this long before it is needed: an
// old phone takes some seconds for one.
const HURRY_SEC = 20;
// What sounds on for longer after another track should have taken over is no longer what is told.
const OUTGOING_LATE_SEC = 0.1;

export class Player extends EventTarget {
  #clock;
  #output;
  #outputKnown = deferred(); // resolves at the first tap, when it is clear what this browser has
  #decks;
  #shelf;
  #state = null;
  #job = null; // { trackId, abort, loaded, reason, deck, joinSec }
  #outgoing = null; // { state, job }: what came before, until #state begins
  #nextId = null;
  #known = new Map();
  #everUnlocked = false;
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
    this.#output = new SoundOutput({
      audioContextFactory,
      onChange: () => this.#outputChanged(),
    });
    this.#shelf = new TrackShelf({
      urlOf: trackUrl,
      factsOf: (trackId) => this.#factsOf(trackId),
      context: () => this.#outputKnown.promise.then(() => this.#output.context),
    });
    this.#decks = new Decks({
      output: this.#output,
      clock,
      nowSec,
      urlOf: trackUrl,
      onChange: (deck) => this.#deckChanged(deck),
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
    this.#decks.unlock();
    const isNew = this.#output.open();
    if (isNew && this.#shelf.decoded.length > 0) {
      this.#shelf.forgetDecoded();
      this.#changeTrack(this.#state);
    }
    this.#outputKnown.resolve();
    this.#job?.deck?.unblock?.();
    this.#startTimer();
    const runs = this.#output.context ? await this.#output.start() : this.#decks.hasElements;
    this.#apply();
    return runs;
  }

  // The newest STATE payload, or null for a room without one. Safe to repeat.
  setState(payload) {
    const state = readState(payload);
    if (state === undefined || this.#closed.signal.aborted) return;
    const before = this.#state;
    const shown = this.#shown();
    this.#state = state;
    if ((state?.track_id ?? null) !== (before?.track_id ?? null)) this.#changeTrack(before, shown);
    else this.#outgoing?.job.deck.leave(this.#takeoverSec());
    this.#startTimer();
    this.#apply();
  }

  // The track that will follow the current one, or null: it is made ready as soon as nothing is
  // missing to the current one.
  setNextTrack(trackId) {
    this.#nextId = trackId;
    this.#settle();
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
    this.#shelf.forget(this.#job.trackId);
    this.#changeTrack(this.#state);
    this.#apply();
  }

  // 0 to 1, evenly spaced to the ear. For this device alone.
  setVolume(volume) {
    if (!Number.isFinite(volume)) return;
    const gain = loudness(Math.min(1, Math.max(0, volume)));
    this.#output.setGain(gain);
    this.#decks.setVolume(gain);
  }

  // What is heard, or would be. `state` is the STATE payload that it follows: until the room's
  // newest state begins, the one before it, if that has another track.
  snapshot() {
    const { state, job } = this.#shown();
    const deck = job?.deck ?? null;
    const phase = this.#phase({ state, job });
    return {
      phase,
      state,
      trackId: state?.track_id ?? null,
      positionSec: this.#positionSec({ state, deck, phase }),
      durationSec: deck?.durationSec ?? null,
      loaded: deck?.loaded ?? job?.loaded ?? 0,
      errorMs: phase === 'playing' ? toMs(deck.errorSec) : null,
      outputLatencyMs: toMs(this.#output.clock.latencySec),
      method: deck?.method ?? null,
      reason: phase === 'failed' ? job.reason : null,
    };
  }

  // How long the tracks are that are here: [{ trackId, durationSec, isDecoded }]. What is not
  // decoded is as long as its file claims.
  durations() {
    const decoded = this.#shelf.decoded.map(({ trackId, buffer }) => ({
      trackId,
      durationSec: buffer.duration,
      isDecoded: true,
    }));
    const { trackId, deck } = this.#job ?? {};
    if (deck?.method !== 'element' || deck.durationSec === null) return decoded;
    return [...decoded, { trackId, durationSec: deck.durationSec, isDecoded: false }];
  }

  // For tests and the developer drawer.
  debug() {
    const deck = this.#shown().job?.deck ?? null;
    const { epochSec, readingCount, source } = this.#output.clock;
    return {
      context: this.#output.context,
      analyser: this.#output.analyser,
      element: deck?.element ?? this.#decks.newestElement,
      mapping: { epochSec, readingCount, source },
      segments: deck?.segments() ?? [],
      corrections: deck ? deck.counts.bends + deck.counts.jumps : 0,
      counts: { ...deck?.counts },
      decodedTracks: this.#shelf.decoded.map(({ trackId }) => trackId),
      nextMedia: this.#shelf.nextMedia,
      nextReason: this.#shelf.nextReason,
      ahead: this.#decks.ahead,
    };
  }

  close() {
    this.#closed.abort();
    this.#state = null;
    this.#nextId = null;
    this.#changeTrack(null);
    this.#prepareNext();
    this.#startTimer();
    this.#shelf.close();
    this.#output.close();
  }

  #deckChanged(deck) {
    if (this.#job?.deck === deck) this.#job.reason ??= deck.failedReason;
    this.#tell();
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

  #factsOf(trackId) {
    const { bytes, duration_sec: durationSec } = this.#known.get(trackId) ?? {};
    return { bytes: bytes ?? null, durationSec: durationSec > 0 ? durationSec : null };
  }

  // `before` is the state that #state replaces, `shown` what was heard under it.
  #changeTrack(before, shown = this.#shown()) {
    const old = this.#job;
    this.#job = null;
    old?.abort.abort();
    const joinSec = this.#changeOver({ state: before, job: old }, shown);
    const trackId = this.#state?.track_id ?? null;
    if (trackId === null) return this.#shelf.takeNone();
    const job = {
      trackId,
      abort: new AbortController(),
      loaded: 0,
      reason: null,
      deck: null,
      joinSec,
    };
    this.#job = job;
    this.#load(job).catch((error) => {
      if (job.abort.signal.aborted) return;
      job.reason = error.reason ?? 'decode';
      this.#tell();
    });
  }

  // Lets what sounds go on until the new state begins; returns where the next track joins it.
  #changeOver(old, shown) {
    const isOutgoingHeard = this.#outgoing !== null && shown.job === this.#outgoing.job;
    if (!isOutgoingHeard)
      this.#outgoing = (old.job?.deck?.heardAt(nowSec()) ?? null) === null ? null : old;
    if (this.#outgoing?.job !== old.job) old.job?.deck?.leave(NaN);
    const joinSec = this.#outgoing?.job.deck.leave(this.#takeoverSec()) ?? null;
    if (this.#state?.status !== 'PLAY') this.#outgoing = null;
    return joinSec;
  }

  // The local time at which the newest state begins to sound; NaN for at once.
  #takeoverSec() {
    return this.#state?.status === 'PLAY' ? this.#clock.localAt(this.#state.timestamp) : NaN;
  }

  // { state, job } of what is heard now.
  #shown() {
    if (this.#outgoing === null || this.#state?.status !== 'PLAY')
      return { state: this.#state, job: this.#job };
    const localSec = nowSec();
    const lateSec = this.#clock.roomAt(localSec) - this.#state.timestamp;
    const isHeard = this.#outgoing.job.deck.heardAt(localSec) !== null;
    const isNewHeard = (this.#job?.deck?.heardAt(localSec) ?? null) !== null;
    const isShown = !isNewHeard && lateSec < (isHeard ? OUTGOING_LATE_SEC : 0);
    return isShown ? this.#outgoing : { state: this.#state, job: this.#job };
  }

  async #load(job) {
    const media = await this.#shelf.take(job.trackId, (loadedBytes, totalBytes) => {
      const total = totalBytes ?? this.#factsOf(job.trackId).bytes;
      job.loaded = total > 0 ? Math.min(1, loadedBytes / total) : 0;
      this.#tell();
    });
    await this.#outputKnown.promise;
    job.abort.signal.throwIfAborted();
    job.deck = this.#decks.open(job.trackId, media, job.joinSec);
    this.#apply();
  }

  // Makes the next track ready while the current one has all that it needs.
  #prepareNext() {
    const { trackId, deck, reason } = this.#job ?? {};
    const nextId = this.#nextId === trackId ? null : this.#nextId;
    const isTaken = this.#decks.ahead?.trackId === trackId && !deck;
    if (this.#decks.ahead?.trackId !== nextId && !isTaken) this.#decks.closeAhead();
    const isCalm = deck?.isSupplied || Boolean(reason);
    this.#shelf.holdNext(!isCalm);
    if (this.#shelf.nextId !== nextId) {
      const mayBegin = isCalm && this.#outgoing === null && this.#state?.status === 'PLAY';
      this.#shelf.prepareNext(mayBegin ? nextId : null);
    }
    if (this.#shelf.nextId === null) return;
    const leftSec = deck?.durationSec - targetPosition(this.#state, this.#clock.roomAt(nowSec()));
    if (leftSec < HURRY_SEC) this.#shelf.hurryNext();
    if (this.#shelf.nextMedia?.element) this.#decks.openAhead(nextId);
  }

  // Brings the sound in line with what the room wants; harmless when it already is.
  #apply() {
    const deck = this.#job?.deck;
    if (deck && !this.#job.reason && this.#state) {
      this.#output.read(nowSec());
      deck.follow(this.#state);
    }
    this.#settle();
    this.#tell();
  }

  // Forgets a track that is over, and looks after the next.
  #settle() {
    if (this.#outgoing && this.#shown().job !== this.#outgoing.job) this.#outgoing = null;
    this.#prepareNext();
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
    this.#settle();
    this.#tell(isTick && this.snapshot().phase === 'playing');
  }

  #phase({ state, job }) {
    const localSec = nowSec();
    return phaseOf({
      state,
      deck: job?.deck ?? null,
      reason: job?.reason ?? null,
      isUnlocked: this.#everUnlocked,
      isOutputStopped: this.#output.context !== null && !this.#output.isRunning,
      roomSec: this.#clock.roomAt(localSec),
      localSec,
    });
  }

  #positionSec({ state, deck, phase }) {
    const heardSec = phase === 'playing' ? deck.heardAt(nowSec()) : null;
    const positionSec = heardSec ?? targetPosition(state, this.#clock.roomAt(nowSec()));
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
