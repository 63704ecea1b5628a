// What is ready to be played, or getting so: the current track, the next one, and the one before.
//
// It never plays anything. The current track is fetched at once; the next one when it is asked
// for, with patience and in silence: whatever goes wrong with it is said only to who takes it.
//
// Invariant: what is decoded stays within PCM_BYTES_MAX, the current track alone excepted. The
// track before gives way first. A next track that would not fit beside the current one waits as
// the bytes of its file until it is needed soon; then both are decoded, for some seconds.

import { PCM_BYTES_MAX, pcmBytes, pcmBytesGuess, prepareTrack } from './track-media.js';

// A next track of unknown length is taken for this much: with it, a current one of up to 6 min
// leaves room.
const UNKNOWN_PCM_BYTES = PCM_BYTES_MAX / 2;

export class TrackShelf {
  #urlOf;
  #factsOf;
  #context;
  #entries = new Map(); // trackId -> entry, in the order of being taken or asked for
  #currentId = null;
  #nextId = null;
  #held = null; // deferred, while the next track has to leave the line to the current one

  //   urlOf(trackId)     where its file is
  //   factsOf(trackId)   { bytes, durationSec }, null for what is not known
  //   context()          promise of the AudioContext, or of null if the browser has none
  constructor({ urlOf, factsOf, context }) {
    this.#urlOf = urlOf;
    this.#factsOf = factsOf;
    this.#context = context;
  }

  // Makes a track the current one. Resolves and rejects as prepareTrack() does; also rejects when
  // another track is taken meanwhile. onProgress(loadedBytes, totalBytes|null) is called at once
  // if part of it is here.
  take(trackId, onProgress) {
    this.#currentId = trackId;
    if (this.#nextId === trackId) this.#setNext(null);
    const old = this.#entries.get(trackId);
    // The network may be back; a file that cannot be decoded is still the same.
    if (old?.reason && old.reason !== 'decode') this.#remove(old);
    const entry = this.#entries.get(trackId) ?? this.#begin(trackId);
    // Newest last.
    this.#entries.delete(trackId);
    this.#entries.set(trackId, entry);
    entry.onProgress = onProgress;
    if (entry.progress) onProgress(...entry.progress);
    entry.gate.resolve();
    this.#tidy();
    return entry.promise;
  }

  // No track is current any more.
  takeNone() {
    this.#currentId = null;
    this.#setNext(null);
    this.#tidy();
  }

  // Fetches this track ahead, and no other. Safe to repeat.
  prepareNext(trackId) {
    if (trackId === this.#currentId) return this.#setNext(null);
    if (trackId !== this.#nextId) this.#setNext(trackId);
    if (trackId !== null && this.#nextFits()) this.#entries.get(trackId).gate.resolve();
  }

  // The next track will be needed within seconds.
  hurryNext() {
    this.#entries.get(this.#nextId)?.gate.resolve();
  }

  // While it is held, the next track is not read from the network.
  holdNext(isHeld) {
    if (isHeld && this.#nextId !== null) this.#held ??= deferred();
    if (isHeld) return;
    this.#held?.resolve();
    this.#held = null;
  }

  get nextId() {
    return this.#nextId;
  }

  // { buffer } or { element: true } of the next track, or null while it is on its way.
  get nextMedia() {
    return this.#entries.get(this.#nextId)?.media ?? null;
  }

  // Why the next track cannot be played, or null; for tests and the developer drawer.
  get nextReason() {
    return this.#entries.get(this.#nextId)?.reason ?? null;
  }

  // [{ trackId, buffer }] of all that is decoded.
  get decoded() {
    return [...this.#entries.values()]
      .filter(({ media }) => media?.buffer)
      .map(({ trackId, media }) => ({ trackId, buffer: media.buffer }));
  }

  forget(trackId) {
    const entry = this.#entries.get(trackId);
    if (entry) this.#remove(entry);
    if (this.#nextId === trackId) this.#setNext(null);
  }

  // Decoded tracks have the sample rate of the context that they were decoded with.
  forgetDecoded() {
    for (const { trackId } of this.decoded) this.forget(trackId);
  }

  close() {
    this.takeNone();
    for (const entry of this.#entries.values()) this.#remove(entry);
  }

  #setNext(trackId) {
    this.holdNext(false);
    this.#nextId = trackId;
    if (trackId !== null && !this.#entries.has(trackId)) this.#begin(trackId);
    this.#tidy();
  }

  #begin(trackId) {
    const { bytes, durationSec } = this.#factsOf(trackId);
    const entry = {
      trackId,
      abort: new AbortController(),
      gate: deferred(), // open: it may be decoded
      progress: null,
      onProgress: null,
      media: null,
      reason: null,
    };
    entry.promise = prepareTrack({
      url: this.#urlOf(trackId),
      bytes,
      durationSec,
      context: entry.gate.promise.then(() => this.#context()),
      signal: entry.abort.signal,
      pace: () => (this.#nextId === trackId ? this.#held?.promise : undefined),
      isPatient: () => this.#currentId !== trackId,
      onProgress: (...progress) => {
        entry.progress = progress;
        entry.onProgress?.(...progress);
      },
    });
    entry.promise.then(
      (media) => {
        entry.media = media;
        this.#tidy();
      },
      (error) => (entry.reason = error.reason ?? 'decode'),
    );
    this.#entries.set(trackId, entry);
    return entry;
  }

  #nextFits() {
    const { durationSec } = this.#factsOf(this.#nextId);
    const nextBytes = durationSec === null ? UNKNOWN_PCM_BYTES : pcmBytesGuess(durationSec);
    return bytesOf(this.#entries.get(this.#currentId)) + nextBytes <= PCM_BYTES_MAX;
  }

  // Of all that is neither current nor next only the newest that is decoded stays, while it fits.
  #tidy() {
    const wanted = [this.#currentId, this.#nextId].map((id) => this.#entries.get(id));
    const others = [...this.#entries.values()].filter((entry) => !wanted.includes(entry));
    const before = others.findLast((entry) => entry.media?.buffer);
    const bytes = [...wanted, before].reduce((sum, entry) => sum + bytesOf(entry), 0);
    for (const entry of others) {
      if (entry !== before || bytes > PCM_BYTES_MAX) this.#remove(entry);
    }
  }

  #remove(entry) {
    entry.abort.abort();
    this.#entries.delete(entry.trackId);
  }
}

function bytesOf(entry) {
  return entry?.media?.buffer ? pcmBytes(entry.media.buffer) : 0;
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve) => (parts.resolve = resolve));
  return parts;
}
