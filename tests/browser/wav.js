// WAV files for the tests, made on the spot.
//
// It knows 16-bit PCM only.

const HEADER_BYTES = 44;

/** `channels` is a list of arrays of whole numbers from -32768 to 32767, one for each channel. */
export function wavFile(channels, rateHz) {
  const frameBytes = 2 * channels.length;
  const frames = channels[0].length;
  const file = Buffer.alloc(HEADER_BYTES + frames * frameBytes);
  file.write('RIFF', 0);
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(channels.length, 22);
  file.writeUInt32LE(rateHz, 24);
  file.writeUInt32LE(rateHz * frameBytes, 28);
  file.writeUInt16LE(frameBytes, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(frames * frameBytes, 40);
  channels.forEach((samples, channel) => {
    for (let frame = 0; frame < frames; frame += 1) {
      file.writeInt16LE(samples[frame], HEADER_BYTES + frame * frameBytes + 2 * channel);
    }
  });
  return file;
}

/**
 * Mono, never silent and nowhere like itself: two tones that glide apart, so that each place has its own
 * shape, and a lost or doubled sample shows. `fromFrame` cuts a piece out of it.
 */
export function glide({ rateHz, frames, fromFrame = 0 }) {
  return Int16Array.from({ length: frames }, (_, i) => {
    const sec = (fromFrame + i) / rateHz;
    const low = Math.sin(2 * Math.PI * (220 * sec + 9 * sec * sec));
    const high = Math.sin(2 * Math.PI * (1370 * sec + 23 * sec * sec));
    return Math.round(9000 * low + 7000 * high);
  });
}

/** Mono noise, without much treble so that a bent tempo does not change it: each place is like no other at all. */
export function noise({ rateHz, frames }) {
  const widthFrames = Math.round(rateHz / 3000);
  let seed = 1;
  const draw = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  };
  const drawn = Float64Array.from({ length: frames + widthFrames }, draw);
  let sum = 0;
  for (let i = 0; i < widthFrames; i += 1) sum += drawn[i];
  return Int16Array.from({ length: frames }, (_, i) => {
    sum += drawn[i + widthFrames] - drawn[i];
    return Math.round((9000 * sum) / Math.sqrt(widthFrames));
  });
}
