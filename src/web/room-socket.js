// The connection to a room: joins, stays joined, and hands messages on.
//
// It never decides about playback and never touches the page; losing the connection is its
// problem alone, the music goes on without it. It reconnects by itself, with growing pauses and
// jitter, and comes back as the same member (its token says so) in the role that it has now; if the host
// seat is somebody else's meanwhile it is a listener, and says so ('seat-taken'). At most one WebSocket
// is alive at any time. Being removed, or used elsewhere, is final until `join` is called again.
//
// Events: 'connection' (connection or trouble changed), 'message' (detail: the message),
// 'seat-taken'.

import { ClockProbes } from './clock-probes.js';
import { MessageLog } from './message-log.js';
import { ServerScout } from './server-scout.js';

const WANTS = ['WELCOME', 'QUEUE', 'MEMBERS', 'HISTORY', 'SWARM', 'WAITING', 'RIGHTS'];

/** From opening the socket to the first STATE. */
const JOIN_TIMEOUT_MS = 8000;
const HEALTH_TIMEOUT_MS = 3000;
const RETRY_MIN_MS = 400;
const RETRY_MAX_MS = 10000;

/** So long after the page or its network was away everything is tried again at once, or nearly. */
const HURRY_MS = 5000;
const HURRY_RETRY_MS = 150;
const HURRY_JOIN_TIMEOUT_MS = 1500;

/** A connection that held so long was a good one: the next loss starts with short pauses. */
const STABLE_MS = 5000;

/** Pause before attempt number `attempt` (from 0). `random` from 0 up to 1 spreads a crowd. */
export function retryDelayMs(attempt, random) {
  const full = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(attempt, 10));
  return full * (0.5 + 0.5 * random);
}

const REASONS = {
  'Removed by the host': 'removed',
  'Came back on another connection': 'elsewhere',
  'Room key needed': 'key-needed',
  'Wrong room key': 'key-wrong',
  'Host key needed': 'host-key-needed',
  'Wrong host key': 'host-key-wrong',
  'Too many attempts': 'key-attempts',
};

/** What a network brought too late. */
const TOO_SLOW = new Set(['HELLO timeout', 'Message timeout']);

/** What a close means: one of REASONS, 'stopping', 'crowd', 'rooms', 'misfit' or null for plain loss. */
export function closeMeaning(code, reason) {
  if (code === 1008 && Object.hasOwn(REASONS, reason)) return REASONS[reason];
  if (code === 1001) return 'stopping';
  if (code === 1013) return reason === 'Room is full' ? 'crowd' : 'rooms';
  if (code === 1008 && !TOO_SLOW.has(reason)) return 'misfit';
  return null;
}

/** After these it does not come back by itself. */
const FINAL = new Set([
  'removed',
  'elsewhere',
  'key-needed',
  'key-wrong',
  'key-changed',
  'host-key-needed',
  'host-key-wrong',
]);

/** What the log of messages shows, to whoever looks over a shoulder. */
function withoutKeys(field, value) {
  return (field === 'key' || field === 'host_key') && value !== null ? '…' : value;
}

export class RoomSocket extends EventTarget {
  log = new MessageLog();
  /** 'idle', 'connecting' (never open so far), 'open' or 'reconnecting'. */
  connection = 'idle';
  /**
   * Why there is no connection: 'full', 'crowd', 'rooms', 'misfit', 'stopping', 'unreachable', 'removed',
   * 'elsewhere' (the same member came back on another connection), one of KEY_TROUBLES in key-words.js
   * ('key-changed': it was in, and what let it in does not any more), or null.
   */
  trouble = null;
  /** 'host' or 'viewer': what was asked for, and then what the room says. */
  role = 'viewer';
  name = '';
  peerId = null;

  #url;
  #identity;
  #keys;
  #ws = null;
  #probes;
  #scout = new ServerScout({ onReturn: () => this.#serverReturned() });
  #attempt = 0;
  #everOpen = false;
  #openSinceJoin = false;
  #openedAtMs = 0;
  #triedAtMs = 0;
  #hurryUntilMs = 0;
  #timer = null;

  /** `identity` as identity.js makes it, `keys` as room-keys.js does. */
  constructor({ url, clock, identity, keys }) {
    super();
    this.#url = url;
    this.#identity = identity;
    this.#keys = keys;
    this.#probes = new ClockProbes({
      clock,
      send: (message) => this.send(message),
      onSilence: () => this.#lost('no answer for too long', null),
      nowSec: () => performance.now() / 1000,
    });
  }

  join({ role, name }) {
    this.role = role;
    this.name = name;
    this.#attempt = 0;
    this.#openSinceJoin = false;
    this.#set('connecting', null);
    this.#identity.whenKnown(() => this.#open());
  }

  /** True when the message went out; nothing is kept for later, states age too fast. */
  send(message) {
    if (this.#ws?.readyState !== 1) return false;
    const text = JSON.stringify(message);
    this.#ws.send(text);
    this.log.add('out', message.type, JSON.stringify(message, withoutKeys), Date.now());
    return true;
  }

  /**
   * The page, its machine or its network was away: is there still a connection? No answer within
   * `deadlineMs` means no, and then the next one is tried without the usual pauses.
   */
  check(deadlineMs) {
    if (this.connection === 'idle') return;
    const nowMs = performance.now();
    this.#hurryUntilMs = nowMs + HURRY_MS;
    if (this.connection === 'open') this.#probes.check(deadlineMs);
    // One that has been on its way for long may have set out on another network.
    else if (this.#ws === null || nowMs - this.#triedAtMs > deadlineMs) this.#open();
  }

  /** An attempt from before it was back may hang for seconds. */
  #serverReturned() {
    this.#attempt = 0;
    if (this.#ws === null || this.#ws.readyState === 0) this.#open();
  }

  close() {
    this.#scout.stop();
    this.#drop();
    this.#set('idle', null);
  }

  #open() {
    this.#drop();
    this.#triedAtMs = performance.now();
    this.#set(this.#everOpen ? 'reconnecting' : 'connecting', this.trouble);
    const ws = new WebSocket(this.#url);
    this.#ws = ws;
    ws.onopen = () => this.#hello();
    ws.onmessage = (event) => this.#receive(event.data);
    ws.onclose = (event) => this.#closed(event.code, event.reason);
    this.#timer = setTimeout(
      () => this.#lost('no answer to joining', 'unreachable'),
      this.#isHurried ? HURRY_JOIN_TIMEOUT_MS : JOIN_TIMEOUT_MS,
    );
  }

  #hello() {
    this.send({
      type: 'HELLO',
      role: this.role,
      display_name: this.name,
      token: this.#identity.token ?? undefined,
      key: this.#keys.room ?? undefined,
      host_key: this.role === 'host' ? (this.#keys.host ?? undefined) : undefined,
      wants: WANTS,
    });
  }

  #receive(data) {
    const t3 = performance.now() / 1000;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      this.log.add('in', '?', String(data), Date.now());
      return;
    }
    const type = String(message?.type);
    this.log.add('in', type, data, Date.now());
    if (type === 'CLOCK') {
      this.#probes.answer(message, t3);
      return;
    }
    if (type === 'STATE' && this.connection !== 'open') this.#opened();
    if (type === 'PEER') this.peerId = message.peer_id;
    if (type === 'WELCOME') this.#welcomed(message);
    if (type === 'RIGHTS') this.#roleIs(message.host?.peer_id === this.peerId ? 'host' : 'viewer');
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  #welcomed({ role, token }) {
    const seatTaken = this.role === 'host' && role === 'viewer';
    this.role = role === 'host' || role === 'viewer' ? role : this.role;
    this.#identity.joined({ token, role: this.role, name: this.name });
    if (seatTaken) this.dispatchEvent(new CustomEvent('seat-taken'));
  }

  #roleIs(role) {
    if (role === this.role) return;
    this.role = role;
    this.#identity.joined({ role, name: this.name });
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#scout.stop();
    this.#everOpen = true;
    this.#openSinceJoin = true;
    this.#openedAtMs = performance.now();
    this.#set('open', null);
    this.#probes.start();
  }

  #closed(code, reason) {
    const what = `closed ${code} ${reason}`.trim();
    const meaning = this.#meaning(code, reason);
    // Who was handed the seat has no key to it, and lost the seat meanwhile: better a guest than out.
    if (meaning === 'host-key-needed' && this.#everOpen) this.role = 'viewer';
    else if (FINAL.has(meaning) || (meaning === 'key-attempts' && !this.#everOpen)) {
      this.log.add('note', 'CLOSE', what, Date.now());
      if (meaning === 'removed' || meaning === 'elsewhere') this.#identity.letGo();
      this.#drop();
      this.#set('idle', meaning);
      return;
    }
    const neverOpen = this.connection !== 'open';
    this.#lost(what, meaning ?? (neverOpen ? this.trouble : null));
    if (neverOpen && meaning === null) this.#askWhy();
  }

  #meaning(code, reason) {
    const meaning = closeMeaning(code, reason);
    const isOfRoomKey = meaning === 'key-needed' || meaning === 'key-wrong';
    return isOfRoomKey && this.#openSinceJoin ? 'key-changed' : meaning;
  }

  #lost(what, trouble) {
    this.log.add('note', 'CLOSE', what, Date.now());
    const wasOpen = this.connection === 'open';
    if (wasOpen && performance.now() - this.#openedAtMs > STABLE_MS) {
      this.#attempt = 0;
    }
    this.#drop();
    this.#set(this.#everOpen ? 'reconnecting' : 'connecting', trouble);
    const pauseMs = retryDelayMs(this.#attempt, Math.random());
    const delayMs = this.#isHurried ? Math.min(pauseMs, HURRY_RETRY_MS) : pauseMs;
    this.#timer = setTimeout(() => this.#open(), delayMs);
    this.#attempt += 1;
    this.#scout.start();
  }

  get #isHurried() {
    return performance.now() < this.#hurryUntilMs;
  }

  /**
   * A failed WebSocket does not say why. The server does, on a connection that this browser still has
   * (`full`), or by refusing a new one (503).
   */
  async #askWhy() {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), HEALTH_TIMEOUT_MS);
    let trouble = 'unreachable';
    try {
      const answer = await fetch('/api/server', {
        signal: abort.signal,
        cache: 'no-store',
      });
      if (answer.status === 503 || (await answer.json()).full) trouble = 'full';
    } catch {
      // Unreachable it is.
    }
    clearTimeout(timer);
    if (this.connection === 'open' || this.connection === 'idle') return;
    this.#set(this.connection, trouble);
  }

  /** Forgets the socket without waiting for it: a dead one takes minutes to say goodbye. */
  #drop() {
    clearTimeout(this.#timer);
    this.#probes.stop();
    const ws = this.#ws;
    this.#ws = null;
    if (ws === null) return;
    ws.onopen = ws.onmessage = ws.onclose = null;
    ws.close();
  }

  #set(connection, trouble) {
    this.connection = connection;
    this.trouble = trouble;
    this.dispatchEvent(new CustomEvent('connection'));
  }
}
