// What the sheet behind the chip says: how exact this device is, its trim, and the taps.
//
// Pure, like words.js.

import { aheadOrBehind, formatMs } from './number-words.js';
import { TAPS_WANTED } from './tap-to-beat.js';

const METHODS = { webaudio: 'Web Audio', element: 'Audio element', mpv: 'mpv' };

/** How somebody plays, for people; '' when that is not known. */
export function methodWords(method) {
  return METHODS[method] ?? '';
}

/** What the dialog behind the chip lists: [label, value] pairs. */
export function syncFacts({ snapshot, quality }) {
  const known = (value, write) => (Number.isFinite(value) ? write(value) : 'not yet');
  return [
    ['Error', known(snapshot.errorMs, aheadOrBehind)],
    ['Round trip', known(quality?.rtt_ms, formatMs)],
    ['Clock', known(quality?.spread_ms, (ms) => `± ${formatMs(ms)}, ${quality.probes} probes`)],
    ['Output delay', known(snapshot.outputLatencyMs, formatMs)],
    ['Method', methodWords(snapshot.method) || 'not yet'],
  ];
}

/** '180 ms earlier', '40 ms later'. */
export function trimWords(ms) {
  if (ms === 0) return 'none';
  return `${Math.abs(ms)} ms ${ms > 0 ? 'earlier' : 'later'}`;
}

/** `device` is the name of the loudspeaker, '' when the browser does not tell. */
export function trimHint(device) {
  const forWhich = device === '' ? 'this device' : device;
  return `For a loudspeaker that is late, as many Bluetooth ones are. Kept for ${forWhich}.`;
}

/** What stands under the pad; `judged` as tap-to-beat.js makes it, and the trim that follows from it. */
export function tapWords(judged, trimMs) {
  switch (judged.kind) {
    case 'found': {
      const isLate = trimMs >= 0 ? 'late' : 'early';
      const spreadMs = Math.max(1, Math.round(judged.spreadSec * 1000));
      return `This loudspeaker seems to be ${Math.abs(trimMs)} ms ${isLate}. Half of your taps lie within ± ${spreadMs} ms of it.`;
    }
    case 'irregular':
      return 'These taps do not agree yet. Keep going, a little more evenly.';
    default:
      return judged.count === 0
        ? 'The first two only find the beat.'
        : `${judged.count} of ${TAPS_WANTED}`;
  }
}
