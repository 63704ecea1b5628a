// A tape recorder on the page's music: every frame that WebAudio renders, with its number.
//
// The sound is taken on the audio thread, before the volume, so a busy main thread costs no frame. The page
// has to be opened with `bypassCSP`, because the recorder is a script of its own.

/** Runs on the audio thread. */
const RECORDER = `
  const CHUNK_FRAMES = 4096;
  registerProcessor('tape', class extends AudioWorkletProcessor {
    process([input]) {
      if (!this.chunk || this.filled === CHUNK_FRAMES) {
        if (this.chunk) this.port.postMessage({ frame: this.frame, samples: this.chunk });
        this.chunk = new Float32Array(CHUNK_FRAMES);
        this.filled = 0;
        this.frame = currentFrame;
      }
      if (input[0]) this.chunk.set(input[0], this.filled);
      this.filled += 128;
      return true;
    }
  });
`;

/** Starts to record the left channel: of what WebAudio plays, or of the <audio> element that plays now. */
export async function startTape(page, { ofElement = false } = {}) {
  await page.evaluate(
    async ([recorder, ofElement]) => {
      const { context, analyser, element } = window.jam.player.debug();
      const mediaStream = ofElement ? element.captureStream() : null;
      const source = ofElement
        ? new MediaStreamAudioSourceNode(context, { mediaStream })
        : analyser;
      const url = URL.createObjectURL(new Blob([recorder], { type: 'text/javascript' }));
      await context.audioWorklet.addModule(url);
      const node = new AudioWorkletNode(context, 'tape');
      window.tape = [];
      node.port.onmessage = ({ data }) => window.tape.push(data);
      source.connect(node).connect(context.destination);
    },
    [RECORDER, ofElement],
  );
}

/**
 * Waits until the tape holds the frames `from` to `to` of the context's time, and returns them; null when the
 * browser was too starved to render them all.
 */
export async function tapeFrames(page, from, to) {
  await page.waitForFunction(
    (to) => window.tape.some(({ frame, samples }) => frame + samples.length >= to),
    to,
    { polling: 100 },
  );
  const samples = await page.evaluate(
    ([from, to]) => {
      const frames = new Float32Array(to - from).fill(NaN);
      for (const { frame, samples } of window.tape) {
        for (let i = 0; i < samples.length; i += 1) {
          if (frame + i >= from && frame + i < to) frames[frame + i - from] = samples[i];
        }
      }
      return Array.from(frames, (value) => (Number.isNaN(value) ? null : value));
    },
    [from, to],
  );
  return samples.includes(null) ? null : samples;
}

/**
 * Where `samples` are in `original`, around `guess`: the shift with the smallest difference, and that
 * difference (the largest of a sample).
 */
export function findShift(samples, original, guess, within) {
  let best = { shift: NaN, difference: Infinity };
  for (let shift = guess - within; shift <= guess + within; shift += 1) {
    let difference = 0;
    for (let i = 0; i < samples.length && difference < best.difference; i += 1) {
      difference = Math.max(difference, Math.abs(samples[i] - (original[shift + i] ?? 0)));
    }
    if (difference < best.difference) best = { shift, difference };
  }
  return best;
}
