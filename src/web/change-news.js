// Tells that something about the sound has changed: once for all that changed in one turn, and not when
// nothing did.

export class ChangeNews {
  #target;
  #ended;
  #told = '';
  #isQueued = false;

  // `target` gets 'change' events, until the signal `ended`.
  constructor(target, ended) {
    this.#target = target;
    this.#ended = ended;
  }

  // `snapshot` as the player makes it; `always` tells also that the position went on.
  tell({ phase, trackId, durationSec, loaded, method, reason }, always) {
    const percent = Math.floor(loaded * 100);
    const news = JSON.stringify([phase, trackId, durationSec, percent, method, reason]);
    if (!always && news === this.#told) return;
    this.#told = news;
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      if (!this.#ended.aborted) this.#target.dispatchEvent(new Event('change'));
    });
  }
}
