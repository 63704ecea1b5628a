// What the room's list says of its tracks, for those who fetch them. Pure.

const COUNT_MAX = 5000;

export class KnownTracks {
  #tracks = new Map();

  // The tracks of a QUEUE message.
  set(tracks) {
    const list = Array.isArray(tracks) ? tracks.slice(0, COUNT_MAX) : [];
    const named = list.filter((track) => typeof track?.track_id === 'string');
    this.#tracks = new Map(named.map((track) => [track.track_id, track]));
  }

  has(trackId) {
    return this.#tracks.has(trackId);
  }

  factsOf(trackId) {
    const { bytes, duration_sec: durationSec } = this.#tracks.get(trackId) ?? {};
    return { bytes: bytes ?? null, durationSec: durationSec > 0 ? durationSec : null };
  }
}
