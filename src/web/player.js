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

import { ChangeNews } from './change-news.js';
import { Decks } from './decks.js';
import { KnownTracks } from './known-tracks.js';
import { phaseOf, positionOf } from './phase.js';
import { readState, targetPosition } from './playback.js';
import { SoundOutput, newAudioContext } from './sound-output.js';
import { TrackShelf } from './track-shelf.js';
import { TrimmedClock, cleanTrim } from './trim.js';
import { Volume } from './volume.js';

const READ_EVERY_MS = 100;
// So often the sound is measured and corrected, and listeners hear of it. In a background tab both
// come once a second.
const TICK_EVERY_SEC = 0.45;
// A next track that waits undecoded for want of memory is decoded this long before it is needed: an
// old phone takes some seconds for one.
const HURRY_SEC = 20;
// What sounds on for longer after another track should have taken over is no longer what is told.
const OUTGOING_LATE_SEC = 0.1;

export class Player extends EventTarget {
  output; // a SoundOutput
  volume;
  #clock;
  #outputKnown = deferred(); // resolves at the first tap, when it is clear what this browser has
  #decks;
  #shelf;
  #state = null;
  #job = null; // { trackId, abort, loaded, reason, deck, joinSec }
  #outgoing = null; // { state, job }: what came before, until #state begins
  #nextId = null;
  #known = new KnownTracks();
  #everUnlocked = false;
  #timer = null;
  #tickedSec = -Infinity;
  #closed = new AbortController();
  #news = new ChangeNews(this, this.#closed.signal);

  constructor({
    clock,
    trackUrl = (id) => `/tracks/${encodeURIComponent(id)}`,
    audioContextFactory = newAudioContext,
  }) {
    super();
    this.#clock = new TrimmedClock(clock);
    this.output = new SoundOutput({
      audioContextFactory,
      onChange: () => this.#outputChanged(),
    });
    this.#shelf = new TrackShelf({
      urlOf: trackUrl,
      factsOf: (trackId) => this.#known.factsOf(trackId),
      context: () => this.#outputKnown.promise.then(() => this.output.context),
    });
    this.#decks = new Decks({
      output: this.output,
      clock: this.#clock,
      nowSec,
      urlOf: trackUrl,
      onChange: (deck) => this.#deckChanged(deck),
    });
    this.volume = new Volume((gain) => {
      this.output.setGain(gain);
      this.#decks.setVolume(gain);
    });
  }

  // Brings up the sound. Call it inside a tap or click; resolves with whether sound really runs.
  async unlock() {
    if (this.#closed.signal.aborted) return false;
    this.#everUnlocked = true;
    this.#decks.unlock();
    const isNew = this.output.open();
    if (isNew && this.#shelf.decoded.length > 0) {
      this.#shelf.forgetDecoded();
      this.#changeTrack(this.#state);
    }
    this.#outputKnown.resolve();
    this.#job?.deck?.unblock?.();
    this.#startTimer();
    const runs = this.output.context ? await this.output.start() : this.#decks.hasElements;
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
    this.#known.set(tracks);
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
    this.volume.set(volume);
  }

  // So many ms earlier than the browser would play, for a loudspeaker that is late. At once.
  setTrim(ms) {
    const trimSec = cleanTrim(ms) / 1000;
    if (trimSec === this.#clock.trimSec) return;
    this.#clock.trimSec = trimSec;
    this.#outgoing?.job.deck.leave(this.#takeoverSec());
    this.#realign();
  }

  // The page, its machine or its network was away, or another loudspeaker may have taken over: what is
  // known of the output is read afresh, and what stopped meanwhile goes on.
  wake({ isOtherOutput = false } = {}) {
    if (isOtherOutput) {
      this.output.clock.reset();
      this.#job?.deck?.resync();
    }
    if (this.#job?.reason === 'network') this.retry();
    this.output.nudge();
    this.#apply();
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
      positionSec: positionOf({ state, deck, phase, clock: this.#clock, localSec: nowSec() }),
      durationSec: deck?.durationSec ?? null,
      loaded: deck?.loaded ?? job?.loaded ?? 0,
      errorMs: phase === 'playing' ? toMs(deck.errorSec) : null,
      outputLatencyMs: toMs(this.output.clock.latencySec),
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
    const { epochSec, readingCount, source } = this.output.clock;
    return {
      context: this.output.context,
      analyser: this.output.analyser,
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
    this.output.close();
  }

  #deckChanged(deck) {
    if (this.#job?.deck === deck) this.#job.reason ??= deck.failedReason;
    this.#tell();
  }

  #outputChanged() {
    this.#job?.deck?.resync();
    this.output.nudge();
    this.#apply();
  }

  // Something that sounds is suddenly known to be wrong: it jumps where it would be bent otherwise.
  #realign() {
    const { deck, reason } = this.#job ?? {};
    deck?.resync();
    this.#apply();
    if (deck && !reason) deck.tick(nowSec());
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
      const total = totalBytes ?? this.#known.factsOf(job.trackId).bytes;
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
      this.output.read(nowSec());
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
    const localSec = nowSec();
    this.output.read(localSec);
    if (this.#clock.hasStepped(localSec)) this.#realign();
    const isTick = localSec - this.#tickedSec >= TICK_EVERY_SEC;
    if (isTick) this.#tickedSec = localSec;
    const deck = this.#job?.deck;
    if (deck && (isTick || deck.method === 'element')) deck.tick(localSec);
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
      isOutputStopped: this.output.context !== null && !this.output.isRunning,
      roomSec: this.#clock.roomAt(localSec),
      localSec,
    });
  }

  // Tells listeners once for everything that changed in this turn; says nothing when nothing did.
  #tell(always = false) {
    this.#news.tell(this.snapshot(), always);
  }
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
