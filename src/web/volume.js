// How loud this device plays: what its slider says, and silence while something else is to be heard.

export class Volume {
  #apply;
  #gain = 1;
  #isHushed = false;

  // apply(gain) takes an amplitude, 0 to 1.
  constructor(apply) {
    this.#apply = apply;
  }

  // 0 to 1, evenly spaced to the ear.
  set(volume) {
    if (!Number.isFinite(volume)) return;
    this.#gain = loudness(Math.min(1, Math.max(0, volume)));
    this.#tell();
  }

  hush(isHushed) {
    this.#isHushed = isHushed;
    this.#tell();
  }

  #tell() {
    this.#apply(this.#isHushed ? 0 : this.#gain);
  }
}

// Loudness grows much slower than amplitude; the square is close to how a volume slider is
// expected to feel.
function loudness(volume) {
  return volume ** 2;
}
