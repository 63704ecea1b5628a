// What a page really plays: samples of its analyser node, looked up in the track itself.
//
// The page's own word (its clock, its position) is not asked. The samples are compared with the decoded
// track, and the moment they leave the loudspeaker is read from the browser's audio clock, on the clock
// that all windows of one machine share.

/**
 * Where in the track each page is, extrapolated to one common moment of this machine's clock.
 * `loudness` tells silence from music: the root mean square of the samples.
 */
export async function heardPositions(pages, trackId) {
  await Promise.all(pages.map(listen));
  const heard = await Promise.all(pages.map((page) => page.evaluate(captureAndLocate, trackId)));
  const atMs = Math.max(...heard.map((one) => one.atMs));
  return heard.map(({ positionSec, atMs: ownMs, loudness, likeness }) => ({
    positionSec: positionSec + (atMs - ownMs) / 1000,
    atMs,
    loudness,
    likeness,
  }));
}

/** So many samples (0.7 s) are like one place of the track only; a chord alone is like many. */
const SAMPLE_COUNT = 32768;

/** Gives the analyser its length, and waits until it has been filled from here on. */
async function listen(page) {
  await page.evaluate((count) => {
    const { context, analyser } = window.jam.player.debug();
    analyser.fftSize = count;
    window.heardFromSec = context.currentTime;
  }, SAMPLE_COUNT);
  await page.waitForFunction((count) => {
    const { context } = window.jam.player.debug();
    return context.currentTime > window.heardFromSec + (count + 4096) / context.sampleRate;
  }, SAMPLE_COUNT);
}

/**
 * Runs in the page. `likeness` is the correlation coefficient at the place found: 1 for the same sound,
 * somewhat less while the rate is being corrected.
 */
async function captureAndLocate(trackId) {
  const { context, analyser } = window.jam.player.debug();
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  const endSec = context.currentTime;
  const stamp = context.getOutputTimestamp();
  const atMs = performance.timeOrigin + stamp.performanceTime + (endSec - stamp.contextTime) * 1000;

  const response = await fetch(`/tracks/${trackId}`);
  const offline = new OfflineAudioContext(1, 1, context.sampleRate);
  const track = await offline.decodeAudioData(await response.arrayBuffer());
  const left = track.getChannelData(0);
  const right = track.getChannelData(track.numberOfChannels - 1);
  const mono = left.map((value, i) => (value + right[i]) / 2);

  const likenessAt = (start, step) => {
    let cross = 0;
    let own = 0;
    let others = 0;
    for (let i = 0; i < samples.length; i += step) {
      const x = samples[i];
      const y = mono[start + i] ?? 0;
      cross += x * y;
      own += x * x;
      others += y * y;
    }
    return cross / Math.sqrt(own * others || 1);
  };
  // Coarsely over the whole track, then to the sample around each of the likeliest places.
  const last = mono.length - samples.length;
  const places = [];
  for (let start = 0; start <= last; start += 4) {
    const likeness = likenessAt(start, 64);
    if (likeness > 0.5) places.push({ start, likeness });
  }
  places.sort((a, b) => b.likeness - a.likeness);
  let fine = { start: 0, likeness: -1 };
  for (const { start } of places.slice(0, 20)) {
    for (let near = Math.max(0, start - 6); near <= Math.min(last, start + 6); near += 1) {
      const likeness = likenessAt(near, 4);
      if (likeness > fine.likeness) fine = { start: near, likeness };
    }
  }
  const square = samples.reduce((sum, value) => sum + value * value, 0);
  return {
    positionSec: (fine.start + samples.length) / context.sampleRate,
    atMs,
    loudness: Math.sqrt(square / samples.length),
    likeness: fine.likeness,
  };
}
