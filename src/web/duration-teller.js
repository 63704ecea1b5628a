// Tells the room how long tracks really are: the host's decoder knows it to the sample, the server
// only what a file's headers claim, and the next track follows where this one ends.
//
// It decides and never sends by itself; nothing is told twice on one connection.

/** Less than this the next track's own correction takes care of. */
const DIFFERENCE_SEC = 0.001;

export class DurationTeller {
  #send;
  #told = new Set();

  /** `send(message)` returns whether it went out. */
  constructor({ send }) {
    this.#send = send;
  }

  /** A new connection may be to a server that has forgotten. */
  reset() {
    this.#told.clear();
  }

  /** `durations` as Player.durations() gives them, `tracks` as the room lists them. */
  update({ durations, tracks }) {
    for (const { trackId, durationSec, isDecoded } of durations) {
      const track = tracks.find((one) => one.track_id === trackId);
      if (!track || this.#told.has(trackId)) continue;
      if (!isNews(track.duration_sec, durationSec, isDecoded)) continue;
      const message = { type: 'DURATION', track_id: trackId, duration_sec: durationSec };
      if (this.#send(message)) this.#told.add(trackId);
    }
  }
}

function isNews(knownSec, foundSec, isDecoded) {
  if (!(foundSec > 0)) return false;
  if (!Number.isFinite(knownSec)) return true;
  return isDecoded && Math.abs(knownSec - foundSec) > DIFFERENCE_SEC;
}
