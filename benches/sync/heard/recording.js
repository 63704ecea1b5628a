// One recording from its beginning to its figures.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countLoad } from './load.js';
import { compare, follow, summary } from './skew.js';
import { sleep } from './wait.js';

// What is heard last has to reach the recorder.
const TAIL_SEC = 0.5;

export class Recording {
  #sound;
  #load;
  #spans = [];

  // `sound` is the SoundServer, `index` a TrackIndex of all that can be heard.
  static async begin(sound, index) {
    const recording = new Recording();
    recording.#sound = sound;
    recording.index = index;
    await sound.record();
    recording.#load = countLoad();
    return recording;
  }

  // What happens in `act` is a part of the recording that gets figures of its own.
  async span(name, act) {
    const load = countLoad();
    const fromSec = this.#sound.seconds;
    await act();
    this.#spans.push({ name, fromSec, toSec: this.#sound.seconds, busy: load.busy() });
  }

  // Ends it, and has everybody stopped before the figures are computed: { of(a, b), span(name, a, b), followed }, of
  // which the first two give a row for a table.
  async end(stop) {
    const busy = this.#load.busy();
    await sleep(TAIL_SEC);
    const channels = await this.#sound.recorded();
    await stop();
    const followed = follow(channels, this.index);
    const row = (a, b, { fromSec = 0, toSec = Infinity, busy: spanBusy = busy } = {}) => {
      const windows = followed.atSec.map((at) => at >= fromSec && at <= toSec);
      const pick = (list) => list.filter((_, i) => windows[i]);
      const part = { atSec: pick(followed.atSec), places: followed.places.map(pick) };
      const compared = compare(part, a, b);
      return { ...compared, ...summary(compared.skews), busy: spanBusy };
    };
    return {
      followed,
      of: (a, b) => row(a, b),
      span: (name, a, b) =>
        row(
          a,
          b,
          this.#spans.find((span) => span.name === name),
        ),
    };
  }
}

// Where everybody was, for whoever wants to look closer: a line for each window.
export function keep(folder, name, { followed }) {
  if (!folder) return;
  const lines = followed.atSec.map((at, i) => {
    return [at.toFixed(3), ...followed.places.map((row) => format(row[i]))].join(',');
  });
  const head = ['at_sec', ...followed.places.map((_, k) => `place_${k}_sec`)].join(',');
  writeFileSync(join(folder, `${name}.csv`), [head, ...lines, ''].join('\n'));
}

function format(place) {
  if (place === null) return 'silent';
  return Number.isFinite(place) ? place.toFixed(6) : 'unsure';
}
