// The AudioContext of the page, from the tap that opens it to its end, and when its sound is heard.
//
// It never plays a track; it offers an input to play into, and `clock`, which says what is heard
// when.
//
// Invariant: `context` and `input` are both there or both null. A context that the system has
// closed is replaced only by open(), because a new one needs a tap.

import { OutputClock } from './output-clock.js';

// How long a tap may take to bring up the sound before the browser is said to block it.
const START_TIMEOUT_MS = 2000;
const START_POLL_MS = 20;
// Less than any 24-bit output can show, but not silence: browsers put a silent output to sleep,
// and waking it moves the sound.
const KEEP_AWAKE_LEVEL = 1e-8;
const VOLUME_SMOOTHING_SEC = 0.02;
// A context that says it runs, and whose time stood still for so many readings, does not: so it is on
// an iPhone after some calls, and where a loudspeaker went away.
const STALL_READINGS = 20;

export class SoundOutput {
  context = null;
  input = null;
  analyser = null;
  clock = new OutputClock();
  #makeContext;
  #onChange;
  #volumeNode = null;
  #gain = 1;
  #closed = new AbortController();
  #seenSec = NaN;
  #stillCount = 0;
  #isStalled = false;

  // onChange() is called whenever the context starts or stops running.
  constructor({ audioContextFactory, onChange }) {
    this.#makeContext = audioContextFactory;
    this.#onChange = onChange;
  }

  get isRunning() {
    return this.context?.state === 'running' && !this.#isStalled;
  }

  // Makes a context if there is none that lives; returns whether it is a new one. Without WebAudio
  // `context` stays null.
  open() {
    if (this.context && this.context.state !== 'closed') return false;
    this.context = null;
    this.input = null;
    try {
      // On an iPhone, play even if the ring switch is off, as any music player does.
      if (globalThis.navigator?.audioSession) {
        navigator.audioSession.type = 'playback';
      }
      this.context = this.#makeContext();
    } catch {
      return false;
    }
    this.#buildGraph();
    this.clock.reset();
    const changed = () => {
      this.clock.reset();
      this.#onChange();
    };
    const { signal } = this.#closed;
    for (const name of ['statechange', 'sinkchange', 'error'])
      this.context.addEventListener(name, changed, { signal });
    return true;
  }

  // Resolves with true once the context's time really advances, with false if it does not in good
  // time.
  async start() {
    const { context } = this;
    const giveUpMs = performance.now() + START_TIMEOUT_MS;
    // The promise of resume() may stay open until a tap comes, so it is not what is waited for.
    this.nudge();
    const startSec = context.currentTime;
    while (performance.now() < giveUpMs && context === this.context) {
      if (this.isRunning && context.currentTime > startSec) return true;
      await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
    }
    return false;
  }

  // Asks a stopped context to go on, which it may without a tap once it has been running.
  nudge() {
    const { context } = this;
    if (!context || this.isRunning || context.state === 'closed') return;
    // One that stands still while it says that it runs has to be stopped first.
    const stopped = context.state === 'running' ? context.suspend() : Promise.resolve();
    stopped.then(() => context.resume()).catch(() => {});
  }

  read(localSec) {
    if (!this.context) return;
    this.clock.read(this.context, localSec);
    this.#watch();
  }

  #watch() {
    const { currentTime, state } = this.context;
    const stands = state === 'running' && currentTime === this.#seenSec;
    this.#seenSec = currentTime;
    this.#stillCount = stands ? this.#stillCount + 1 : 0;
    const isStalled = stands && (this.#isStalled || this.#stillCount >= STALL_READINGS);
    const isNews = isStalled ? this.#stillCount % STALL_READINGS === 0 : this.#isStalled;
    this.#isStalled = isStalled;
    if (isNews) this.#onChange();
  }

  setGain(gain) {
    this.#gain = gain;
    if (!this.context) return;
    const now = this.context.currentTime;
    this.#volumeNode.gain.setTargetAtTime(gain, now, VOLUME_SMOOTHING_SEC);
  }

  close() {
    this.#closed.abort();
    this.context?.close().catch(() => {});
    this.context = null;
    this.input = null;
  }

  // input -> analyser -> volume -> loudspeaker. The analyser hears the music at full volume.
  #buildGraph() {
    const { context } = this;
    this.input = context.createGain();
    this.analyser = context.createAnalyser();
    this.#volumeNode = context.createGain();
    this.#volumeNode.gain.value = this.#gain;
    this.input.connect(this.analyser).connect(this.#volumeNode);
    this.#volumeNode.connect(context.destination);
    const keepAwake = context.createConstantSource?.();
    if (!keepAwake) return;
    keepAwake.offset.value = KEEP_AWAKE_LEVEL;
    keepAwake.connect(context.destination);
    keepAwake.start();
  }
}

// The default audioContextFactory.
export function newAudioContext() {
  const Context = globalThis.AudioContext ?? globalThis.webkitAudioContext;
  if (!Context) throw new Error('this browser has no AudioContext');
  // Larger buffers: an old machine under load should not crackle, and starts are scheduled anyway.
  return new Context({ latencyHint: 'playback' });
}
