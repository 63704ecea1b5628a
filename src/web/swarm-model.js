// The swarm of a room as this page knows it: nodes, and chords from who gives to who takes.
//
// Pure but for what it remembers: SWARM messages go in with the local time in ms, and come out as nodes
// and rates. Like room-model.js it never believes a message's shape, and every list is bounded.
//
// A message names for each node how many chunks it ever took from each other one. What grew since the
// message before is what travelled. The rate of a chord follows these steps smoothly, holds between two
// of them, and fades when no more come.

import { initials } from './names.js';

export const NODES_MAX = 100;
const SOURCES_MAX = 64;
/** Tracks of which the server's share is remembered: it fetches a few at a time. */
const SHARES_MAX = 63;
const NAME_CHARS_MAX = 80;
const ID_CHARS_MAX = 64;
/** How many chunks a track is cut into at most. */
const CHUNKS_MAX = 1_048_576;
const CHUNK_BYTES_MAX = 4 * 1024 * 1024;

/** `map`: the filled share of each 64th of the track, from 0 to 9. */
const MAP = /^[0-9]{64}$/;

/** Chunks came evenly since the step before; after a longer rest nobody knows, and it was about a second. */
const STEP_MIN_MS = 250;
const STEP_MAX_MS = 2500;
const STEP_FIRST_MS = 1000;

/** Time constant with which a rate follows its steps. */
const SMOOTH_MS = 1500;

/** Nodes tell about once a second; what has not moved for longer has stopped. */
const HOLD_MS = 2600;
const FADE_MS = 700;

/** Below this nothing moves as far as people are concerned. */
const RATE_MIN = 200;

/** The nodes of a SWARM message with what is right about them; what is not is null, or left out. */
export function readNodes(message) {
  if (!Array.isArray(message?.nodes)) return [];
  const nodes = new Map();
  for (const entry of message.nodes.slice(0, NODES_MAX)) {
    const node = readNode(entry);
    if (node !== null) nodes.set(node.id, node);
  }
  return [...nodes.values()];
}

function readNode(entry) {
  const id = readId(entry?.peer_id);
  if (id === null) return null;
  const isServer = entry.server === true;
  const text = typeof entry.name === 'string' ? entry.name.trim().slice(0, NAME_CHARS_MAX) : '';
  const name = isServer ? 'The server' : text || 'Somebody';
  const total = readCount(entry.total_chunks, CHUNKS_MAX) || null;
  const have = readCount(entry.have_count, CHUNKS_MAX);
  const map = typeof entry.map === 'string' && MAP.test(entry.map) ? entry.map : null;
  const share = readShare(have, total, map);
  return {
    id,
    name,
    initials: initials(name),
    isServer,
    trackId: typeof entry.track_id === 'string' ? entry.track_id.slice(0, ID_CHARS_MAX) : null,
    chunkBytes: readCount(entry.chunk_size, CHUNK_BYTES_MAX) || null,
    share,
    isFull: share === 1,
    map: shownMap(map, share),
    dialable: typeof entry.dialable === 'boolean' ? entry.dialable : null,
    from: readFrom(entry.from),
    unreachable: readIds(entry.unreachable),
  };
}

/**
 * What was known of how much the server has of each track, with what a SWARM message says: it names
 * one track at a time. The same Map when no percent is new.
 */
export function withServersShare(before, message) {
  const entry = Array.isArray(message?.nodes) ? message.nodes.find((node) => node?.server) : null;
  const { trackId, share } = readNode(entry) ?? {};
  if (!trackId || share === null) return before;
  if (Math.floor(before.get(trackId) * 100) === Math.floor(share * 100)) return before;
  return new Map([...before].slice(-SHARES_MAX).concat([[trackId, share]]));
}

/** Of a short track some 64ths have no chunk of their own; whole is whole. */
function shownMap(map, share) {
  if (share === null || (map !== null && share < 1)) return map;
  return String(Math.floor(share * 9)).repeat(64);
}

function readShare(have, total, map) {
  if (have !== null && total !== null) return Math.min(1, have / total);
  if (map === null) return null;
  return [...map].reduce((sum, digit) => sum + Number(digit), 0) / (9 * map.length);
}

function readFrom(from) {
  const pairs = Array.isArray(from) ? from.slice(0, SOURCES_MAX) : [];
  return pairs
    .map((pair) => [readId(pair?.[0]), readCount(pair?.[1], Number.MAX_SAFE_INTEGER)])
    .filter(([id, chunks]) => id !== null && chunks !== null);
}

function readIds(ids) {
  const list = Array.isArray(ids) ? ids.slice(0, SOURCES_MAX) : [];
  return list.map(readId).filter((id) => id !== null);
}

function readId(id) {
  return typeof id === 'string' && id !== '' && id.length <= ID_CHARS_MAX ? id : null;
}

function readCount(count, max) {
  return Number.isSafeInteger(count) && count >= 0 && count <= max ? count : null;
}

export class SwarmModel {
  /** The server's own node first, then in the order of appearing, so that everybody keeps their place. */
  nodes = [];
  #places = new Map();
  #nextPlace = 1;
  #links = new Map();
  #interrupted = true;

  /** What the next message says is where counting begins: nobody knows when it happened. */
  interrupt() {
    this.#interrupted = true;
  }

  /**
   * `{ gained, completed }`: chunks that travelled along a chord since the message before, as
   * `{ key, chunks }`, and the ids of nodes that have the whole track since then.
   */
  update(message, nowMs) {
    const before = new Map(this.nodes.map((node) => [node.id, node]));
    this.nodes = this.#inOrder(readNodes(message));
    const known = new Set(this.nodes.map((node) => node.id));
    const links = new Map();
    const gained = [];
    const completed = [];
    for (const node of this.nodes) {
      const earlier = this.#interrupted ? undefined : before.get(node.id);
      const isSame = earlier !== undefined && earlier.trackId === node.trackId;
      if (isSame && node.isFull && !earlier.isFull) completed.push(node.id);
      for (const [giver, total] of node.from) {
        if (giver === node.id || !known.has(giver)) continue;
        const key = `${giver} ${node.id}`;
        const link = isSame
          ? (this.#links.get(key) ?? newLink(giver, node, 0))
          : newLink(giver, node, total);
        const chunks = total - link.total;
        if (chunks > 0) gained.push({ key, chunks });
        links.set(key, chunks > 0 ? step(link, total, node.chunkBytes, nowMs) : { ...link, total });
      }
    }
    this.#links = links;
    this.#interrupted = false;
    return { gained, completed };
  }

  #inOrder(nodes) {
    const places = new Map();
    for (const { id } of nodes) places.set(id, this.#places.get(id) ?? this.#nextPlace++);
    this.#places = places;
    const place = (node) => (node.isServer ? 0 : places.get(node.id));
    return nodes.sort((a, b) => place(a) - place(b));
  }

  /**
   * Every pair of which one ever took from the other: `{ key, giver, taker, chunks, rate, isMoving }`, with
   * `rate` in bytes a second.
   */
  chords(nowMs) {
    return [...this.#links].map(([key, link]) => ({
      key,
      giver: link.giver,
      taker: link.taker,
      chunks: link.total,
      rate: rateAt(link, nowMs),
      isMoving: link.hasMoved && nowMs - link.atMs < HOLD_MS + FADE_MS,
    }));
  }
}

function newLink(giver, { id: taker }, total) {
  return { giver, taker, total, rate: 0, atMs: -Infinity, hasMoved: false };
}

/** Exponential smoothing, as if the chunks had come evenly since the last step. */
function step(link, total, chunkBytes, nowMs) {
  const sinceMs = nowMs - link.atMs;
  const ms = sinceMs > STEP_MAX_MS ? STEP_FIRST_MS : Math.max(STEP_MIN_MS, sinceMs);
  const rate = (1000 * (total - link.total) * (chunkBytes ?? 0)) / ms;
  const before = rateAt(link, nowMs);
  const weight = link.hasMoved && before > 0 ? 1 - Math.exp(-ms / SMOOTH_MS) : 1;
  return { ...link, total, rate: before + weight * (rate - before), atMs: nowMs, hasMoved: true };
}

function rateAt(link, nowMs) {
  if (!link.hasMoved) return 0;
  const overdueMs = Math.max(0, nowMs - link.atMs - HOLD_MS);
  const rate = link.rate * Math.exp(-overdueMs / FADE_MS);
  return rate < RATE_MIN ? 0 : rate;
}

/** What one node gives and takes now: `{ takes, takesFrom, gives, givesTo }`, most first. */
export function trafficOf(id, chords) {
  const own = chords.filter(({ giver, taker, rate }) => rate > 0 && (giver === id || taker === id));
  own.sort((a, b) => b.rate - a.rate);
  const taken = own.filter((chord) => chord.taker === id);
  const given = own.filter((chord) => chord.giver === id);
  return {
    takes: sumOfRates(taken),
    takesFrom: taken.map((chord) => chord.giver),
    gives: sumOfRates(given),
    givesTo: given.map((chord) => chord.taker),
  };
}

/** The swarm in numbers: `share` is the mean of what the nodes hold, null when nobody said. */
export function totals(nodes, chords) {
  const shares = nodes.map((node) => node.share).filter((share) => share !== null);
  const tracks = new Set(nodes.map((node) => node.trackId).filter((id) => id !== null));
  return {
    count: nodes.length,
    seeds: nodes.filter((node) => node.isFull).length,
    share: shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / shares.length : null,
    rate: sumOfRates(chords),
    tracks: tracks.size,
  };
}

function sumOfRates(chords) {
  return chords.reduce((sum, chord) => sum + chord.rate, 0);
}
