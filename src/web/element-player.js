// Plays one track through an <audio> element, for tracks too long to decode into memory and
// browsers that cannot decode them.
//
// It never touches WebAudio, so its sound is not in the analyser; it schedules with timers, which
// are good to some milliseconds only, measures what came of it, and bends the tempo until it fits.
// It has the same methods as BufferPlayer.
//
// Invariant: one timer at most is pending (`#timer`): the one that starts the sound, or the one
// that ends a bend, or the one that ends it all. Errors are heard minus wanted position: positive is ahead.

import { targetPosition } from './playback.js';

// Where currentTime says the element is scatters by some ms, so the median of these many is taken.
const READING_COUNT = 7;
// Under this an error drowns in the scatter.
const IGNORE_SEC = 0.002;
// Up to here the tempo is bent, by at most 2 % (a third of a semitone); beyond it the element
// seeks.
const BEND_MAX_SEC = 0.25;
const BEND_DELTA_MAX = 0.02;
// After an interruption of the output, or where the trim was moved, a jump is no surprise.
const BEND_MAX_AFTER_INTERRUPTION_SEC = 0.05;
const BEND_OVER_SEC = 2;
// After a start or a bend the element needs a moment until currentTime is right again.
const SETTLE_SEC = 0.4;
// How far ahead a late join aims, so that the seek is over by then.
const JOIN_AHEAD_SEC = 0.5;
// Chromium takes this long from play() to sound; other browsers are learnt.
const START_COST_GUESS_SEC = 0.06;
// Its own end is waited for if it comes this soon after the moment at which another track takes
// over.
const LATE_END_SEC = 0.05;
// What a start may have cost; more is a hiccup that the next start need not expect.
const START_COST_MAX_SEC = 0.4;

export class ElementPlayer {
  method = 'element';
  blocked = false;
  failedReason = null;
  errorSec = null;
  isClosed = false;
  counts = { bends: 0, jumps: 0, starts: 0 };
  #element;
  #clock;
  #nowSec;
  #state = null;
  #timer = null;
  #readings = [];
  #quietUntilSec = 0;
  #startCostSec = START_COST_GUESS_SEC;
  #isFresh = false; // started, and not measured since
  #jumpVotes = 0;
  #wasInterrupted = false;
  #listeners = [];

  // nowSec() is the local clock.
  constructor({ element, url, clock, nowSec, onChange = () => {} }) {
    this.#element = element;
    this.#clock = clock;
    this.#nowSec = nowSec;
    element.preload = 'auto';
    // With pitch correction a browser cuts and pastes waves; a bend this small sounds better
    // without.
    element.preservesPitch = false;
    this.#listen('error', () => {
      this.failedReason = element.error?.code === 2 ? 'network' : 'decode';
      onChange();
    });
    for (const name of ['playing', 'pause', 'ended', 'progress', 'durationchange'])
      this.#listen(name, onChange);
    element.src = url;
    element.load();
  }

  get element() {
    return this.#element;
  }

  get durationSec() {
    const { duration } = this.#element;
    return Number.isFinite(duration) && duration > 0 ? duration : null;
  }

  get loaded() {
    const { buffered } = this.#element;
    if (!this.durationSec || buffered.length === 0) return 0;
    return Math.min(1, buffered.end(buffered.length - 1) / this.durationSec);
  }

  // Could the line be used for something else without this track missing anything?
  get isSupplied() {
    return this.#element.readyState === 4;
  }

  follow(state) {
    const isKnown = this.#state !== null && isSame(this.#state, state);
    this.#state = state;
    if (state.status !== 'PLAY') return this.#pauseAt(state.offset_sec);
    if (!this.#clock.ready) return;
    // One look may be far off on a busy machine. What is said again, as after a lost connection, is left to those looks
    // that correct, and to the bend that is under way.
    if (!this.#element.paused && (isKnown || this.#isNear())) return;
    this.#start();
  }

  // Call about every 100 ms.
  tick(localSec) {
    if (this.#state?.status !== 'PLAY' || !this.#clock.ready || this.failedReason) return;
    if (this.#element.paused && this.#timer === null && !this.blocked && !this.#isOver())
      return this.#start();
    if (this.#element.paused || this.#element.seeking || localSec < this.#quietUntilSec) return;
    if (this.#clock.roomAt(localSec) < this.#state.timestamp) return;
    this.#readings = [
      ...this.#readings,
      this.#element.currentTime - this.#targetAt(localSec),
    ].slice(-READING_COUNT);
    if (this.#readings.length < READING_COUNT) return;
    this.errorSec = middle(this.#readings);
    if (this.#isFresh) this.#learnStartCost(this.errorSec);
    if (this.#timer === null) this.#correct(localSec);
  }

  resync() {
    this.#readings = [];
    this.#jumpVotes = 1;
    this.#wasInterrupted = true;
  }

  // A tap arrived: play() is allowed now.
  unblock() {
    this.blocked = false;
    if (this.#state?.status === 'PLAY' && this.#element.paused && !this.#isOver()) this.#start();
  }

  silence() {
    this.#clearTimer();
    this.#element.pause();
    this.#forgetReadings();
  }

  // Another track takes over at a local time; sounds until then. See BufferPlayer. An element
  // cannot be joined to the frame: returns null.
  leave(localSec) {
    const waitSec = localSec - this.#nowSec();
    const leftSec = (this.durationSec ?? Infinity) - this.#element.currentTime;
    this.#state = null;
    this.#clearTimer();
    if (!(waitSec > 0) || this.#element.paused) this.close();
    else {
      const endsItself = Math.abs(leftSec - waitSec) < LATE_END_SEC;
      const graceSec = endsItself ? LATE_END_SEC : 0;
      this.#timer = setTimeout(() => this.close(), (waitSec + graceSec) * 1000);
    }
    return null;
  }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.silence();
    this.#state = null;
    for (const [name, handler] of this.#listeners) this.#element.removeEventListener(name, handler);
    this.#element.removeAttribute('src');
    this.#element.load();
  }

  heardAt(localSec) {
    // play() comes somewhat before the sound.
    if (this.#state && this.#clock.roomAt(localSec) < this.#state.timestamp) return null;
    const { paused, seeking, ended, readyState, currentTime } = this.#element;
    return paused || seeking || ended || readyState < 3 ? null : currentTime;
  }

  segments() {
    return [];
  }

  #listen(name, handler) {
    this.#element.addEventListener(name, handler);
    this.#listeners.push([name, handler]);
  }

  #targetAt(localSec) {
    return targetPosition(this.#state, this.#clock.roomAt(localSec));
  }

  #isNear() {
    return Math.abs(this.#element.currentTime - this.#targetAt(this.#nowSec())) < BEND_MAX_SEC;
  }

  #isOver() {
    return this.durationSec !== null && this.#targetAt(this.#nowSec()) >= this.durationSec;
  }

  #pauseAt(positionSec) {
    this.silence();
    if (Math.abs(this.#element.currentTime - positionSec) > 0.05)
      this.#element.currentTime = positionSec;
  }

  // Is what is to be played at this position there, so that play() is all it takes?
  #isWaitingAt(positionSec) {
    const { paused, seeking, readyState, currentTime } = this.#element;
    return paused && !seeking && readyState >= 3 && Math.abs(currentTime - positionSec) < 0.001;
  }

  // Goes to where the track will be at a moment soon, and plays when that moment comes.
  #start() {
    const nowSec = this.#nowSec();
    const startsSec = this.#clock.localAt(this.#state.timestamp);
    const isInTime = startsSec >= nowSec + this.#startCostSec;
    const isWaiting = isInTime && this.#isWaitingAt(this.#state.offset_sec);
    const atSec = isWaiting ? startsSec : Math.max(startsSec, nowSec + JOIN_AHEAD_SEC);
    this.silence();
    const positionSec = this.#targetAt(atSec);
    if (this.durationSec !== null && positionSec >= this.durationSec) return;
    if (!this.#isWaitingAt(positionSec)) this.#element.currentTime = positionSec;
    const waitMs = Math.max(0, (atSec - nowSec - this.#startCostSec) * 1000);
    this.counts.starts += 1;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#play();
    }, waitMs);
  }

  #play() {
    this.#quietUntilSec = this.#nowSec() + SETTLE_SEC;
    this.#isFresh = true;
    const started = this.#element.play();
    started?.catch((error) => {
      if (error.name === 'NotAllowedError') this.blocked = true;
    });
  }

  #correct(localSec) {
    const errorSec = this.errorSec;
    const bendMaxSec = this.#wasInterrupted ? BEND_MAX_AFTER_INTERRUPTION_SEC : BEND_MAX_SEC;
    this.#wasInterrupted = false;
    if (Math.abs(errorSec) < IGNORE_SEC) {
      this.#jumpVotes = 0;
      return;
    }
    if (Math.abs(errorSec) > bendMaxSec) return this.#jump();
    this.#jumpVotes = 0;
    const delta = Math.min(BEND_DELTA_MAX, Math.abs(errorSec) / BEND_OVER_SEC);
    const durationSec = Math.abs(errorSec) / delta;
    this.#element.playbackRate = errorSec > 0 ? 1 - delta : 1 + delta;
    this.counts.bends += 1;
    this.#readings = [];
    this.#quietUntilSec = localSec + durationSec + SETTLE_SEC;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#element.playbackRate = 1;
    }, durationSec * 1000);
  }

  #jump() {
    this.#jumpVotes += 1;
    this.#readings = [];
    if (this.#jumpVotes < 2) return;
    this.#jumpVotes = 0;
    this.counts.jumps += 1;
    this.#start();
  }

  // The first error after a start is what play() cost beyond what was expected; later starts begin
  // earlier or later by half of it, because it scatters.
  #learnStartCost(errorSec) {
    this.#isFresh = false;
    const costSec = this.#startCostSec - errorSec / 2;
    this.#startCostSec = Math.min(START_COST_MAX_SEC, Math.max(0, costSec));
  }

  #clearTimer() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#element.playbackRate = 1;
  }

  #forgetReadings() {
    this.#readings = [];
    this.errorSec = null;
  }
}

function middle(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function isSame(a, b) {
  return a.status === b.status && a.offset_sec === b.offset_sec && a.timestamp === b.timestamp;
}
