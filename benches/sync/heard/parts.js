// What is recorded: each part is a party, or a few of them, and gives rows for a table.

import { cpus } from 'node:os';
import { RATE_HZ } from './correlate.js';
import { canBeHidden } from './behind.js';
import { startDelayLine } from './delay-line.js';
import { formats } from './formats.js';
import { startNaive } from './naive.js';
import { Party } from './party.js';
import { Recording, keep } from './recording.js';
import { bending, quantile, summary } from './skew.js';
import { SoundServer } from './sound-server.js';
import { sleep, until } from './wait.js';
import { openWindow, pageSays } from './windows.js';

// The bad line of the goals: 10 to 50 ms in each direction, so that probes are off by up to 40 ms.
export const SLOW_LINE = { delayMs: 30, jitterMs: 20 };
const PAUSE_SEC = 5;
const NAIVE_STARTS = 6;
const NAIVE_START_SEC = 8;
const ROUGH_SETTLE_SEC = 10;
const BLOCK_MS = 1000;
// The nearest whole rate to the 50 ppm that bad sound cards are off by.
const FAST_CARD_HZ = 48_002;
const FAST_CARD_PPM = Math.round((FAST_CARD_HZ / RATE_HZ - 1) * 1e6);
const DRIFT_SETTLE_SEC = 15;

// An evening in five parts of `unitSec`: a start, a seek, a pause, another track, and whatever `late` does.
async function evening({ host }, unitSec, late) {
  host.play(0, 0);
  await sleep(unitSec);
  host.play(0, 2 * unitSec);
  await sleep(unitSec);
  host.pause(0, 3 * unitSec);
  await sleep(PAUSE_SEC);
  host.play(0, 3 * unitSec);
  await sleep(unitSec);
  host.play(1, 0);
  await sleep(unitSec);
  await late();
  await sleep(unitSec);
}

// Two pages, the second one on a slow line or not; it is loaded anew in the middle of a song.
async function twoPages(bench, name, isSlow) {
  const party = await Party.start({ ...bench, listeners: 2 });
  const first = await party.page(0);
  const port = isSlow ? await party.slowLine(SLOW_LINE) : party.port;
  const second = await party.page(1, { port });
  await party.prepare(0, { pages: [first, second] });
  const recording = await Recording.begin(party.sound, bench.music.index);
  await evening(party, bench.unitSec, async () => {
    // It joins again by itself.
    await second.reload();
    await second.waitForFunction(() => document.body.dataset.phase === 'playing');
  });
  const recorded = await recording.end(() => party.stop());
  keep(bench.keep, name, recorded);
  return recorded.of(0, 1);
}

async function pages(bench) {
  const goal = { medianMs: 1, p95Ms: 3, maxMs: 20 };
  return { rows: [{ what: 'two pages', goal, ...(await twoPages(bench, 'pages', false)) }] };
}

async function slow(bench) {
  const goal = { medianMs: 2, p95Ms: 5 };
  const what = 'two pages, one on a slow line';
  return { rows: [{ what, goal, ...(await twoPages(bench, 'slow', true)) }] };
}

// Two naive pages, started a few times: each start has a skew of its own.
async function twoNaivePages(bench, isSlow) {
  const sound = await SoundServer.start(bench.processes, 2);
  const naive = await startNaive(bench.files[0]);
  const line = isSlow ? await startDelayLine(naive.port, SLOW_LINE) : null;
  const stop = () => {
    line?.stop();
    naive.stop();
  };
  bench.processes.atEnd(stop);
  const ports = [naive.port, line?.port ?? naive.port];
  const windows = [];
  for (const [i, port] of ports.entries()) {
    const url = `http://127.0.0.1:${port}/`;
    windows.push(await openWindow(bench.processes, url, sound.listener(i)));
    await windows[i].page.click('#join');
  }
  await until('both pages', () => naive.listenerCount() === 2);
  const recording = await Recording.begin(sound, bench.music.index);
  for (let start = 0; start < NAIVE_STARTS; start += 1) {
    naive.play(start * NAIVE_START_SEC);
    await sleep(NAIVE_START_SEC);
  }
  const recorded = await recording.end(async () => {
    stop();
    await Promise.all(windows.map((window) => window.close()));
    await sound.stop();
  });
  keep(bench.keep, isSlow ? 'naive-slow' : 'naive', recorded);
  return recorded.of(0, 1);
}

async function naive(bench) {
  return {
    rows: [
      { what: 'two naive pages', ...(await twoNaivePages(bench, false)) },
      { what: 'two naive pages, one on a slow line', ...(await twoNaivePages(bench, true)) },
    ],
  };
}

// Two loudspeakers with mpv, and a page beside them.
async function listen(bench) {
  const party = await Party.start({ ...bench, listeners: 3 });
  const page = await party.page(2);
  const players = [party.listen(0), party.listen(1)];
  await party.prepare(0, { pages: [page], players });
  const recording = await Recording.begin(party.sound, bench.music.index);
  await evening(party, bench.unitSec / 2, async () => {});
  const recorded = await recording.end(() => party.stop());
  keep(bench.keep, 'listen', recorded);
  const goal = { medianMs: 1.5, p95Ms: 4 };
  const besideGoal = { medianMs: 10 };
  return {
    rows: [
      { what: 'two `jam listen`', goal, ...recorded.of(0, 1) },
      { what: 'a page and one `jam listen`', goal: besideGoal, ...recorded.of(2, 0) },
      { what: 'a page and the other `jam listen`', goal: besideGoal, ...recorded.of(2, 1) },
    ],
  };
}

// What happens to pages: a main thread that does nothing else for a second, a tab that nobody looks at, a
// machine that has other things to do.
async function rough(bench) {
  const party = await Party.start({ ...bench, listeners: 2 });
  const first = await party.page(0);
  const second = await party.page(1, { prepare: canBeHidden });
  await party.prepare(0, { pages: [first, second] });
  const recording = await Recording.begin(party.sound, bench.music.index);
  party.host.play(0, 0);
  await sleep(ROUGH_SETTLE_SEC);
  const spanSec = Math.max(5, bench.unitSec / 2);
  await recording.span('blocked', async () => {
    await second.evaluate(blockMainThread, BLOCK_MS);
    await sleep(spanSec);
  });
  await recording.span('behind', async () => {
    await second.evaluate(() => window.hide(true));
    await sleep(spanSec);
  });
  await second.evaluate(() => window.hide(false));
  await recording.span('busy', async () => {
    const loops = cpus().map(() => bench.processes.start('sh', ['-c', 'while :; do :; done']));
    await sleep(spanSec);
    await Promise.all(loops.map((loop) => bench.processes.end(loop, 'SIGKILL')));
  });
  const recorded = await recording.end(() => party.stop());
  keep(bench.keep, 'rough', recorded);
  return {
    rows: [
      { what: 'one with a main thread blocked for a second', ...recorded.span('blocked', 0, 1) },
      { what: 'one in a tab behind another', ...recorded.span('behind', 0, 1) },
      { what: 'both, while all cores are busy', ...recorded.span('busy', 0, 1) },
    ],
  };
}

function blockMainThread(forMs) {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

// Two pages, and the sound card of the second one is fast. Its pipe is longer than the page can know, so what is
// told is by how much the skew changes.
async function drift(bench) {
  const party = await Party.start({ ...bench, listeners: 2, fastHz: { 1: FAST_CARD_HZ } });
  const first = await party.page(0);
  const second = await party.page(1, { isFast: true });
  await party.prepare(0, { pages: [first, second] });
  const recording = await Recording.begin(party.sound, bench.music.index);
  party.host.play(0, 0);
  await sleep(DRIFT_SETTLE_SEC);
  await recording.span('drift', () => sleep(3 * bench.unitSec));
  const { counts } = await pageSays(second);
  const recorded = await recording.end(() => party.stop());
  keep(bench.keep, 'drift', recorded);
  const row = recorded.span('drift', 0, 1);
  const middleSec = quantile(
    row.skews.map(({ skewSec }) => skewSec),
    0.5,
  );
  const skews = row.skews.map((one) => ({ ...one, skewSec: one.skewSec - middleSec }));
  const { bentSec, bentMax } = bending(skews);
  const what =
    `one with a sound card that is ${FAST_CARD_PPM} ppm fast: ${counts.bends} corrections of ${bentSec} s in all, by ` +
    `${(100 * bentMax).toFixed(2)} % at most, and ${counts.jumps} jumps`;
  return { rows: [{ what, ...row, skews, ...summary(skews) }] };
}

// In the order in which they are recorded.
export const PARTS = { pages, slow, naive, listen, rough, drift, formats };
