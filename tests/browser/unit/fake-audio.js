// Just enough of WebAudio to see what was scheduled: nodes that remember, and a time that the test
// moves.
//
// It makes no sound and runs no clock.

class FakeParam {
  value = 1;
  events = [];

  setValueAtTime(value, atSec) {
    this.events.push({ value, atSec });
  }

  linearRampToValueAtTime(value, atSec) {
    this.events.push({ value, atSec, ramp: true });
  }

  cancelScheduledValues(fromSec) {
    this.events = this.events.filter((e) => e.atSec < fromSec);
  }
}

class FakeNode {
  connect(next) {
    this.next = next;
    return next;
  }

  disconnect() {
    this.isDisconnected = true;
  }
}

class FakeSource extends FakeNode {
  playbackRate = new FakeParam();
  stopSec = Infinity;

  start(atSec, positionSec) {
    Object.assign(this, { startSec: atSec, positionSec });
  }

  stop(atSec) {
    this.stopSec = atSec;
  }
}

export class FakeAudioContext {
  state = 'running';
  currentTime = 0;
  sampleRate = 48000;
  sources = [];

  createGain() {
    return Object.assign(new FakeNode(), { gain: new FakeParam() });
  }

  createBufferSource() {
    const source = new FakeSource();
    this.sources.push(source);
    return source;
  }

  // Sources that will be, or are, heard.
  get live() {
    return this.sources.filter((s) => !s.isDisconnected && s.stopSec > this.currentTime);
  }
}
