// Tests of the parts of the rig that only compute, and of those that need no sound server; `make test-bench`
// runs them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { seeded } from '../../../tests/browser/unit/random.js';
import { table } from '../table.js';
import { RATE_HZ } from './correlate.js';
import { InOrder, startDelayLine } from './delay-line.js';
import { fftLength, fftOf } from './fft.js';
import { makeMusic } from './music.js';
import { proveOnSamples, shifted } from './proof.js';
import { skewRow } from './report.js';
import { HOP_SEC, bending, compare, follow, quantile, summary } from './skew.js';
import { TrackIndex } from './track-index.js';

const SONG_SEC = 20;
const song = makeMusic(SONG_SEC, 7);
const other = makeMusic(SONG_SEC, 8);
const index = new TrackIndex([song, other]);

const at = (sec) => Math.round(sec * RATE_HZ);
const cut = (samples, fromSec, toSec) => samples.slice(at(fromSec), at(toSec));
const silence = (sec) => new Float32Array(at(sec));

function join(...pieces) {
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let from = 0;
  for (const piece of pieces) {
    all.set(piece, from);
    from += piece.length;
  }
  return all;
}

test('a transform there and back is the same again, and agrees with the definition', () => {
  const random = seeded(1);
  const re = Float64Array.from({ length: 64 }, () => random.between(-1, 1));
  const im = Float64Array.from({ length: 64 }, () => random.between(-1, 1));
  const [before, beforeIm] = [re.slice(), im.slice()];
  const fft = fftOf(64);
  fft.forward(re, im);
  let [sumRe, sumIm] = [0, 0];
  for (let n = 0; n < 64; n += 1) {
    const angle = (-2 * Math.PI * 5 * n) / 64;
    sumRe += before[n] * Math.cos(angle) - beforeIm[n] * Math.sin(angle);
    sumIm += before[n] * Math.sin(angle) + beforeIm[n] * Math.cos(angle);
  }
  assert.ok(Math.abs(re[5] - sumRe) < 1e-9 && Math.abs(im[5] - sumIm) < 1e-9);
  fft.backward(re, im);
  for (let n = 0; n < 64; n += 1) assert.ok(Math.abs(re[n] / 64 - before[n]) < 1e-12);
  assert.equal(fftLength(24_001), 32_768);
  assert.throws(() => fftOf(48), RangeError);
});

test('known shifts are found to within 0.05 ms, also between samples and with noise', () => {
  for (const errorMs of proveOnSamples()) assert.ok(errorMs < 0.05, `${errorMs} ms`);
});

test('a rig that were off would say so', () => {
  // The same proof, with a shift that is not the one that is told.
  const late = shifted(song, 0.0002);
  const { skews } = compare(follow([song, late], index, { fromSec: 2, toSec: 6 }), 0, 1);
  for (const { skewSec } of skews) assert.ok(Math.abs(skewSec - 0.0002) < 1e-6);
});

test('each listener is found wherever it is, in every track', () => {
  const followed = follow([cut(song, 3, 6), cut(other, 12, 15)], index);
  followed.atSec.forEach((sec, i) => {
    assert.ok(Math.abs(followed.places[0][i] - (3 + sec)) < 1e-5);
    assert.ok(Math.abs(followed.places[1][i] - (index.beginsSec[1] + 12 + sec)) < 1e-5);
  });
});

test('a skew of seconds is found as well', () => {
  const { skews } = compare(follow([cut(song, 5, 9), cut(song, 2.5, 6.5)], index), 0, 1);
  assert.ok(summary(skews).medianMs > 2499.9 && summary(skews).medianMs < 2500.1);
});

test('two listeners who leap at the same moment are never apart', () => {
  const leaping = join(cut(song, 1, 4.1), cut(song, 12, 16));
  const late = shifted(leaping, 0.003);
  const { skews, unsureSec } = compare(follow([leaping, late], index), 0, 1);
  assert.ok(summary(skews).maxMs < 3.01, `${summary(skews).maxMs}`);
  assert.ok(unsureSec <= 4 * HOP_SEC, `${unsureSec}`);
});

test('a listener who leaps later than the other is apart for as long', () => {
  const first = join(cut(song, 1, 4), cut(song, 12, 18));
  const second = join(cut(song, 1, 6), cut(song, 14, 18));
  const { skews } = compare(follow([first, second], index), 0, 1);
  const far = skews.filter(({ skewSec }) => Math.abs(skewSec) > 1);
  assert.ok(far.length * HOP_SEC >= 1 && far.length * HOP_SEC <= 2, `${far.length}`);
});

test('who is silent, and who plays something else, is counted', () => {
  const first = join(cut(song, 1, 5), silence(4));
  const second = join(silence(2), cut(song, 3, 5), silence(4));
  const compared = compare(follow([first, second], index), 0, 1);
  assert.ok(Math.abs(compared.oneSec - 1.75) <= HOP_SEC, `${compared.oneSec}`);
  assert.ok(Math.abs(compared.bothSec - 2.25) <= 2 * HOP_SEC, `${compared.bothSec}`);
  const strange = compare(follow([cut(song, 1, 4), makeMusic(3, 99)], index), 0, 1);
  assert.equal(strange.skews.length, 0);
  assert.equal(strange.unsureSec, strange.bothSec);
});

test('bent tempo is followed', () => {
  const bent = Float32Array.from({ length: at(6) }, (_, i) => {
    const place = at(2) + i * 1.002;
    const whole = Math.floor(place);
    return song[whole] + (place - whole) * (song[whole + 1] - song[whole]);
  });
  const { skews, unsureSec } = compare(follow([cut(song, 2, 8), bent], index), 0, 1);
  assert.ok(unsureSec <= 3 * HOP_SEC, `${unsureSec} s`);
  for (const { atSec, skewSec } of skews)
    assert.ok(Math.abs(skewSec + 0.002 * atSec) < 3e-4, `${atSec}: ${skewSec}`);
  const { bentSec, bentMax } = bending(skews);
  assert.ok(bentSec > 4 && Math.abs(bentMax - 0.002) < 0.0005, `${bentSec} s, ${bentMax}`);
  const steady = skews.map(({ atSec }) => ({
    atSec,
    skewSec: 42e-6 * atSec + (atSec > 3 ? 0.02 : 0),
  }));
  assert.deepEqual(bending(steady), { bentSec: 0, bentMax: 0 });
});

test('music is the same for the same seed, and never too loud', () => {
  assert.ok(Buffer.from(makeMusic(SONG_SEC, 7).buffer).equals(Buffer.from(song.buffer)));
  assert.ok(song.some((value, i) => value !== other[i]));
  assert.ok(song.every((value) => Math.abs(value) < 1));
});

test('quantiles and rows', () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.ok(Number.isNaN(quantile([], 0.5)));
  const row = { what: 'x', medianMs: 1.234, p95Ms: 2, maxMs: 30, bothSec: 10, unsureSec: 1 };
  const cells = skewRow({ ...row, oneSec: 0.5, busy: 0.25, goal: { medianMs: 1, p95Ms: 3 } });
  assert.deepEqual(cells, ['x', '**1.23**', '2.00', '30.0', '1, 3, -', '9 s', '0.5 s', '25 %']);
  assert.equal(skewRow({ what: 'failed' }).length, cells.length);
  assert.equal(
    table(['', 's'], [['jam', '1.25']]),
    '|     |    s |\n| --- | ---: |\n| jam | 1.25 |\n',
  );
});

test('what waits is done in order, however short its own wait is', async () => {
  const waits = [20, 1, 5];
  const done = [];
  const row = new InOrder(() => waits.shift());
  await Promise.all(
    [0, 1, 2].map(
      (i) =>
        new Promise((resolve) => {
          row.push(() => {
            done.push(i);
            resolve();
          });
        }),
    ),
  );
  assert.deepEqual(done, [0, 1, 2]);
});

test('a slow line changes no byte and passes on the end', async (t) => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const line = await startDelayLine(server.address().port, { delayMs: 5, jitterMs: 5 });
  const client = connect(line.port, '127.0.0.1');
  t.after(() => {
    client.destroy();
    line.stop();
    server.close();
  });
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
  const received = [];
  client.on('data', (data) => received.push(data));
  for (let from = 0; from < sent.length; from += 50_000)
    client.write(sent.subarray(from, from + 50_000));
  client.end();
  await once(client, 'end');
  assert.ok(Buffer.concat(received).equals(sent));
});
