// The same song in every format: does it begin at the same sample?
//
// First what decoders give, sample by sample; then what is heard, in a room.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wavFile } from '../../../tests/browser/wav.js';
import { RATE_HZ } from './correlate.js';
import { makeMusic, toPcm } from './music.js';
import { Party } from './party.js';
import { run } from './processes.js';
import { Recording, keep } from './recording.js';
import { TrackIndex } from './track-index.js';
import { sleep } from './wait.js';

const SONG_SEC = 60;
const SONG_SEED = 5;
// What ffmpeg is told for each format.
const FORMATS = [
  { name: 'WAV', file: 'song.wav', args: ['-c:a', 'pcm_s16le'] },
  { name: 'FLAC', file: 'song.flac', args: ['-c:a', 'flac'] },
  { name: 'Opus', file: 'song.opus', args: ['-c:a', 'libopus', '-b:a', '128k'] },
  { name: 'Vorbis', file: 'song.ogg', args: ['-c:a', 'libvorbis', '-q:a', '5'] },
  { name: 'M4A', file: 'song.m4a', args: ['-c:a', 'aac', '-b:a', '160k'] },
  { name: 'AAC', file: 'song.aac', args: ['-c:a', 'aac', '-b:a', '160k', '-f', 'adts'] },
  { name: 'MP3, constant rate', file: 'cbr.mp3', args: ['-c:a', 'libmp3lame', '-b:a', '192k'] },
  { name: 'MP3, variable rate', file: 'vbr.mp3', args: ['-c:a', 'libmp3lame', '-q:a', '2'] },
  {
    name: 'MP3, 44.1 kHz',
    file: '44k.mp3',
    args: ['-ar', '44100', '-c:a', 'libmp3lame', '-q:a', '2'],
  },
  {
    name: 'MP3 without LAME header',
    file: 'bare.mp3',
    args: ['-c:a', 'libmp3lame', '-b:a', '192k', '-write_xing', '0', '-id3v2_version', '0'],
  },
];

// How much is decoded, and where it is looked at.
const DECODED_SEC = 4;
const LOOK_AT_SEC = 2;
// In a room each format is heard from its beginning, and then from a place that has to be sought.
const HEARD_SEC = 6;
const SOUGHT_SEC = 31.7;
// What a loudspeaker needs until it can play a track that it has just heard of.
const READY_SEC = 2;

// A row for each format, with what is decoded and what is heard.
export async function formats(bench) {
  const { index, files } = makeFormats(bench.processes.folder);
  const party = await Party.start({ ...bench, files, listeners: 3 });
  const page = await party.page(0);
  await party.page(1, { prepare: withoutWebAudio });
  party.listen(2);
  const rows = [];
  for (const [i, format] of FORMATS.entries())
    rows.push(await decodedRow(bench, party, page, format, files[i], index));
  const recorded = await heard(party, index);
  keep(bench.keep, 'formats', recorded);
  for (const row of rows) {
    row.besideListen = recorded.span(row.name, 0, 2);
    row.besideElement = recorded.span(row.name, 0, 1);
  }
  return { rows: [], formats: rows };
}

// Such tracks as are too long to decode are played by an <audio> element.
function withoutWebAudio() {
  delete window.AudioContext;
  delete window.webkitAudioContext;
}

// Everybody plays each format; a span of the recording for each.
async function heard(party, index) {
  const recording = await Recording.begin(party.sound, index);
  for (const { name, file } of FORMATS) {
    const track = trackOf(party, file);
    party.host.pause(track, 0);
    await sleep(READY_SEC);
    await recording.span(name, async () => {
      party.host.play(track, 0);
      await sleep(HEARD_SEC);
      party.host.play(track, SOUGHT_SEC);
      await sleep(HEARD_SEC);
    });
  }
  return recording.end(() => party.stop());
}

function trackOf({ host }, file) {
  return host.tracks.findIndex(({ name }) => name === file);
}

async function decodedRow({ processes }, party, page, { name, file }, path, index) {
  const { track_id: trackId } = party.host.tracks[trackOf(party, file)];
  const late = (samples, from) => lateMs(samples, index, from);
  return {
    name,
    page: late(await decodedByPage(page, trackId), 0),
    mpv: late(decodedByMpv(processes.folder, path, 0), 0),
    sought: late(decodedByMpv(processes.folder, path, SOUGHT_SEC), SOUGHT_SEC),
  };
}

function makeFormats(folder) {
  const samples = makeMusic(SONG_SEC, SONG_SEED);
  const source = join(folder, 'source.wav');
  writeFileSync(source, wavFile([toPcm(samples)], RATE_HZ));
  const files = FORMATS.map(({ file, args }) => {
    run('ffmpeg', ['-y', '-loglevel', 'error', '-i', source, ...args, join(folder, file)]);
    return join(folder, file);
  });
  return { index: new TrackIndex([samples]), files };
}

// By how many ms samples are late that were decoded from a place in the song on.
function lateMs(samples, index, fromSec) {
  const placeSec = fromSec + LOOK_AT_SEC;
  const found = index.near(samples, Math.round(LOOK_AT_SEC * RATE_HZ), placeSec);
  return found.isSure ? (placeSec - found.placeSec) * 1000 : NaN;
}

// As decodeAudioData() of the page's browser gives it.
async function decodedByPage(page, trackId) {
  const base64 = await page.evaluate(
    async ([trackId, seconds]) => {
      const bytes = await (await fetch(`/tracks/${trackId}`)).arrayBuffer();
      const context = new OfflineAudioContext(1, 1, 48_000);
      const buffer = await context.decodeAudioData(bytes);
      const raw = new Uint8Array(buffer.getChannelData(0).slice(0, seconds * 48_000).buffer);
      return btoa(Array.from(raw, (byte) => String.fromCharCode(byte)).join(''));
    },
    [trackId, DECODED_SEC],
  );
  return floats(Buffer.from(base64, 'base64'));
}

// As mpv gives it, from the beginning or from a place.
function decodedByMpv(folder, file, startSec) {
  const out = join(folder, 'decoded.f32');
  const options = [
    '--no-config --no-video --really-quiet --hr-seek=yes --ao=pcm --ao-pcm-waveheader=no',
    '--audio-format=float --audio-samplerate=48000 --audio-channels=mono',
    `--start=${startSec} --length=${DECODED_SEC} --ao-pcm-file=${out}`,
  ];
  run('mpv', [...options.join(' ').split(' '), file]);
  return floats(readFileSync(out));
}

function floats(bytes) {
  return new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
}
