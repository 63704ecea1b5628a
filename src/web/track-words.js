// What a track is called and what is said about it, from its tags or else from its file name.
//
// Pure. Tags are somebody's typing: any text, any length, shown as text and nothing else.

import { formatBytes, formatPercent, formatTime } from './number-words.js';

/**
 * `{ title, artist, album }`. Without tags the file name without its extension, the way people
 * name their files: '01 - J. S. Bach - Prelude in C.flac' is 'Prelude in C' by 'J. S. Bach'.
 */
export function trackWords(track) {
  const album = track?.album ?? '';
  if (track?.title) return { title: track.title, artist: track.artist ?? '', album };
  const stem = fileStem(track?.name);
  const plain = stem.replace(/^\s*(0\d[\s.-]+|\d{1,2}(\.\s+|\s+-\s+))(?=\S)/, '');
  if (track?.artist) return { title: plain || stem, artist: track.artist, album };
  const [artist, ...rest] = plain.split(/\s[-–—]\s/);
  if (rest.length > 0 && artist !== '') return { title: rest.join(' - '), artist, album };
  return { title: plain || unknownTrackTitle(track?.track_id), artist: '', album };
}

/** 'my_song.mp3' is 'my_song'. */
export function fileStem(name) {
  return (typeof name === 'string' ? name : '')
    .replace(/\.[a-z0-9]{2,5}$/i, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A track that is not in the room's list has only its id. */
export function unknownTrackTitle(trackId) {
  const id = String(trackId ?? '');
  return id.length > 16 ? `Track ${id.slice(0, 8)}…` : `Track ${id}`.trim();
}

/** The line under the title on the stage: 'J. S. Bach · The Well-Tempered Clavier'. */
export function artistLine({ artist, album }) {
  return [artist, album].filter(Boolean).join(' · ');
}

const FORMATS = [
  [/opus/, 'Opus'],
  [/ogg|vorbis/, 'Ogg'],
  [/flac/, 'FLAC'],
  [/wav/, 'WAV'],
  [/aac/, 'AAC'],
  [/mp4|m4a/, 'M4A'],
  [/mpeg|mp3/, 'MP3'],
];

/** For a track that says nothing else about itself: 'Opus · 0.5 MB'. */
export function trackFacts(track) {
  const type = String(track?.content_type ?? '').toLowerCase();
  const format = FORMATS.find(([pattern]) => pattern.test(type))?.[1] ?? '';
  return [format, formatBytes(track?.bytes)].filter(Boolean).join(' · ');
}

/**
 * The quiet second line of a track in the queue: 'J. S. Bach' and 'added by Ana'. Of one that the server
 * has not yet, how much of it is there; `arrived` from 0 to 1, undefined while nobody knows.
 */
export function queueSubWords(track, { unplayable = false, arrived } = {}) {
  if (unplayable) return { about: 'Cannot be played here', by: '' };
  const by = track?.added_by ? `added by ${track.added_by}` : '';
  if (track?.awaited) return { about: arrivalWords(arrived), by };
  return { about: trackWords(track).artist || (by ? '' : trackFacts(track)), by };
}

function arrivalWords(share) {
  return share > 0 ? `Arriving, ${formatPercent(share)}` : 'Waiting for its seed';
}

/** '3:12', or nothing while the length is not known. */
export function lengthWords(track) {
  return Number.isFinite(track?.duration_sec) ? formatTime(track.duration_sec) : '';
}

/** Everything about a track in which somebody may look for it. */
export function searchText(track) {
  return [track.name, track.title, track.artist, track.album, track.added_by]
    .filter(Boolean)
    .join(' ');
}

/** When something was played, on the reader's own clock: '21:14'. */
export function clockTime(atSec) {
  const time = new Date(atSec * 1000);
  if (Number.isNaN(time.getTime())) return '';
  return time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}
