// Plays one decoded track through WebAudio, where the room's state wants it and when.
//
// It never fetches, decodes or touches volume, and keeps no timer: the player calls follow() for
// every new state and tick() about twice a second. ElementPlayer (element-player.js) has the same
// methods.
//
// Invariant: at most one voice is meant to go on (`#current`); every other one has its end
// scheduled. Errors are heard minus wanted position: positive is ahead.

import {
  CORRECTION,
  blockBorderAfter,
  decideCorrection,
  planBend,
  roundToFrame,
  targetPosition,
} from './playback.js';
import { Voice } from './voice.js';

// How far ahead of the context's time something is scheduled, so that a slow main thread is not
// late.
const AHEAD_SEC = 0.06;
// A voice that has not begun is placed again when the clocks have learnt better than this by then.
const RETIME_SEC = 0.00025;
const RETIME_AHEAD_SEC = 0.15;
// A track that comes to its end this close to the moment at which the next takes over is played to
// its last frame, and the next begins with the frame after it. What that is off by, the next track
// bends away; a cut or a gap of a few ms would be a click.
const JOIN_WITHIN_SEC = CORRECTION.bendMaxSec;
// After an interruption of the output an error beyond this is not worth seconds of bending.
const JUMP_AFTER_INTERRUPTION_SEC = 0.003;
// Voices that are remembered, the current one included; more end at once when somebody seeks like
// mad.
const VOICE_COUNT_MAX = 6;

export class BufferPlayer {
  method = 'webaudio';
  blocked = false;
  failedReason = null;
  errorSec = null;
  counts = { bends: 0, jumps: 0, starts: 0 };
  #context;
  #destination;
  #buffer;
  #clock;
  #output;
  #voices = [];
  #current = null;
  #state = null;
  #jumpVotes = 0;
  #wasInterrupted = false;
  #joinSec;

  // joinSec: what leave() of the track before returned.
  constructor({ context, destination, buffer, clock, outputClock, joinSec = null }) {
    this.#joinSec = joinSec;
    this.#context = context;
    this.#destination = destination;
    this.#buffer = buffer;
    this.#clock = clock;
    this.#output = outputClock;
  }

  get durationSec() {
    return this.#buffer.duration;
  }

  get loaded() {
    return 1;
  }

  // Could the line be used for something else without this track missing anything?
  get isSupplied() {
    return true;
  }

  // Makes the sound follow a STATE payload. While a new place lies in the future, what sounds goes
  // on until that moment, so that everybody hears the same at all times.
  follow(state) {
    this.#state = state;
    if (state.status !== 'PLAY') return this.silence();
    if (!this.#canSchedule()) return;
    const now = this.#context.currentTime;
    const wantedSec = this.#clock.localAt(state.timestamp) - this.#output.epochSec;
    const isJoined = this.#canJoin(wantedSec);
    const startSec = isJoined ? this.#joinSec : Math.max(wantedSec, now + AHEAD_SEC);
    if (this.#current && this.#agrees(this.#current, startSec)) return;
    this.#placeAt(startSec, { isJoined });
  }

  // Measures and corrects. Call about every 500 ms.
  tick(localSec) {
    this.errorSec = null;
    if (this.#state?.status !== 'PLAY' || !this.#canSchedule()) return;
    const voice = this.#current;
    if (!voice) return this.follow(this.#state);
    const now = this.#context.currentTime;
    if (voice.startSec > now) {
      const early = voice.startSec > now + RETIME_AHEAD_SEC;
      const bearableSec = voice.isJoined ? JOIN_WITHIN_SEC : RETIME_SEC;
      if (early && Math.abs(this.#errorAt(voice, voice.startSec)) > bearableSec)
        this.#placeAt(voice.startSec);
      return;
    }
    const applySec = blockBorderAfter(now + AHEAD_SEC, this.#context.sampleRate);
    const roomSec = this.#clock.roomAt(applySec + this.#output.epochSec);
    if (roomSec < this.#state.timestamp) return;
    if (targetPosition(this.#state, roomSec) > this.durationSec) return;
    this.errorSec = this.#errorAt(
      voice,
      Math.max(voice.startSec, localSec - this.#output.epochSec),
    );
    this.#correct(voice, applySec);
  }

  // The output was interrupted, and the sound with it: a jump costs nothing now, so the next
  // measurement puts it right at once.
  resync() {
    this.#wasInterrupted = true;
  }

  // Fades out now.
  silence() {
    this.#endAllAt(this.#context.currentTime);
    this.errorSec = null;
  }

  // Another track takes over at a local time (now, when it is not finite): sounds until then, then
  // is done. May be called again with a better time. Returns the context time at which the other
  // has to begin so that it follows without a gap, or null when this track is not at its end then.
  leave(localSec) {
    const contextSec = localSec - this.#output.epochSec;
    this.#state = null;
    const leaveSec = Number.isFinite(contextSec) ? contextSec : this.#context.currentTime;
    const voice = this.#voices.findLast((v) => v.hasStarted);
    const endSec = voice && !voice.isEnding ? voice.trackEndSec : Infinity;
    if (endSec > leaveSec + JOIN_WITHIN_SEC) {
      this.#endAllAt(leaveSec);
      return null;
    }
    for (const pending of this.#voices.filter((v) => !v.hasStarted)) this.#remove(pending);
    return endSec < leaveSec - JOIN_WITHIN_SEC ? null : endSec;
  }

  close() {
    for (const voice of this.#voices) voice.disconnect();
    this.#voices = [];
    this.#current = null;
    this.#state = null;
  }

  // What leaves the loudspeaker at a local time: its position, or null for silence.
  heardAt(localSec) {
    const contextSec = localSec - this.#output.epochSec;
    const heard = this.#voices.filter((v) => v.startSec <= contextSec && contextSec < v.endSec);
    if (heard.length === 0) return null;
    const positionSec = heard[heard.length - 1].timeline.positionAt(contextSec);
    return positionSec < this.durationSec ? positionSec : null;
  }

  // For the developer drawer: where the sound is, piece by piece.
  segments() {
    return this.#current?.timeline.segments() ?? [];
  }

  #canSchedule() {
    return this.#clock.ready && this.#output.ready && this.#context.state === 'running';
  }

  #canJoin(wantedSec) {
    if (this.#joinSec === null || this.#state.offset_sec !== 0) return false;
    if (this.#joinSec < this.#context.currentTime + AHEAD_SEC) return false;
    return Math.abs(this.#joinSec - wantedSec) <= JOIN_WITHIN_SEC;
  }

  #targetAt(contextSec) {
    return targetPosition(this.#state, this.#clock.roomAt(contextSec + this.#output.epochSec));
  }

  #errorAt(voice, contextSec) {
    return voice.timeline.positionAt(contextSec) - this.#targetAt(contextSec);
  }

  // Will this voice be where the state wants it, without anything being done but bending?
  #agrees(voice, startSec) {
    if (voice.startSec > startSec + CORRECTION.bendMaxSec) return false;
    return (
      Math.abs(this.#errorAt(voice, Math.max(startSec, voice.startSec))) <= CORRECTION.bendMaxSec
    );
  }

  #correct(voice, applySec) {
    const settledSec = Math.max(applySec, voice.timeline.settledContextSec);
    const errorSec = this.#errorAt(voice, applySec);
    if (this.#wasInterrupted && Math.abs(errorSec) > JUMP_AFTER_INTERRUPTION_SEC) {
      this.counts.jumps += 1;
      return this.#placeAt(applySec);
    }
    this.#wasInterrupted = false;
    const residualSec = this.#errorAt(voice, settledSec);
    const decision = decideCorrection({
      errorSec,
      residualSec,
      isSteady: this.#output.isSteady,
      jumpVotes: this.#jumpVotes,
    });
    this.#jumpVotes = decision.jumpVotes;
    if (decision.action === 'bend') {
      voice.bend(applySec, planBend(errorSec, this.#context.sampleRate));
      this.counts.bends += 1;
    } else if (decision.action === 'jump') {
      this.#placeAt(applySec);
      this.counts.jumps += 1;
    }
  }

  // A new voice from `contextSec` on; the others end there.
  #placeAt(contextSec, { isJoined = false } = {}) {
    const { sampleRate } = this.#context;
    const startSec = roundToFrame(contextSec, sampleRate);
    const positionSec = isJoined ? 0 : roundToFrame(this.#targetAt(startSec), sampleRate);
    this.#endAllAt(startSec);
    this.#jumpVotes = 0;
    this.#wasInterrupted = false;
    if (positionSec >= this.durationSec) return;
    this.#current = new Voice({
      context: this.#context,
      destination: this.#destination,
      buffer: this.#buffer,
      startSec,
      positionSec,
      isJoined,
      onEnded: (voice) => {
        if (this.#current === voice) this.#current = null;
      },
    });
    // Ended voices stay a while: what is rendered is heard only later.
    this.#voices = [...this.#voices, this.#current];
    this.counts.starts += 1;
    while (this.#voices.length > VOICE_COUNT_MAX) this.#remove(this.#voices[0]);
  }

  // Voices that have not begun are taken away. The one that sounds ends at `contextSec`, also when
  // a place that was given up meanwhile would have ended it earlier.
  #endAllAt(contextSec) {
    for (const voice of this.#voices.filter((v) => !v.hasStarted)) this.#remove(voice);
    this.#voices[this.#voices.length - 1]?.endAt(contextSec);
    this.#current = null;
  }

  #remove(voice) {
    voice.disconnect();
    this.#voices = this.#voices.filter((v) => v !== voice);
    if (this.#current === voice) this.#current = null;
  }
}
