// The connection to a room: joins, stays joined, and hands messages on.
//
// It never decides about playback and never touches the page; losing the connection is its
// problem alone, the music goes on without it. It reconnects by itself, with growing pauses and
// jitter, and joins again in the same role; if the host seat is gone meanwhile it joins as a
// listener and says so ('seat-taken'). At most one WebSocket is alive at any time.
//
// Events: 'connection' (connection, role or trouble changed), 'message' (detail: the message),
// 'seat-taken'.

import { ClockProbes } from './clock-probes.js';
import { MessageLog } from './message-log.js';
import { ServerScout } from './server-scout.js';

const WANTS = ['WELCOME', 'QUEUE', 'MEMBERS', 'HISTORY', 'SWARM', 'WAITING'];

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

/** What a close means: 'seat' (taken), 'stopping', 'rooms', 'misfit' or null for plain loss. */
export function closeMeaning(code, reason) {
  if (code === 1008 && reason === 'Host already assigned') return 'seat';
  if (code === 1001) return 'stopping';
  if (code === 1013) return 'rooms';
  if (code === 1008 && reason !== 'HELLO timeout') return 'misfit';
  return null;
}

export class RoomSocket extends EventTarget {
  log = new MessageLog();
  /** 'idle', 'connecting' (never open so far), 'open' or 'reconnecting'. */
  connection = 'idle';
  /**
   * Why there is no connection: 'full', 'rooms', 'misfit', 'stopping', 'unreachable', 'switching'
   * (joining again on purpose, in another role) or null.
   */
  trouble = null;
  role = 'viewer';
  name = '';
  peerId = null;
  /** The peer id under which this page had the host seat last, or null. */
  hostPeerId = null;

  #url;
  #ws = null;
  #probes;
  #scout = new ServerScout({ onReturn: () => this.#serverReturned() });
  #attempt = 0;
  #everOpen = false;
  #openedAtMs = 0;
  #triedAtMs = 0;
  #hurryUntilMs = 0;
  #timer = null;

  constructor({ url, clock }) {
    super();
    this.#url = url;
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
    this.#open();
  }

  /** Joins again on a new connection. The old one goes first: its seat has to be free. */
  changeRole(role) {
    this.role = role;
    this.trouble = 'switching';
    this.#attempt = 0;
    this.#open();
  }

  /** True when the message went out; nothing is kept for later, states age too fast. */
  send(message) {
    if (this.#ws?.readyState !== 1) return false;
    const text = JSON.stringify(message);
    this.#ws.send(text);
    this.log.add('out', message.type, text, Date.now());
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
    if (type === 'PEER') this.#named(message.peer_id);
    this.dispatchEvent(new CustomEvent('message', { detail: message }));
  }

  /** Only who was let in gets a name, so a host with one has the seat. */
  #named(peerId) {
    this.peerId = peerId;
    if (this.role === 'host') this.hostPeerId = peerId;
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#scout.stop();
    this.#everOpen = true;
    this.#openedAtMs = performance.now();
    this.#set('open', null);
    this.#probes.start();
  }

  #closed(code, reason) {
    const what = `closed ${code} ${reason}`.trim();
    const meaning = closeMeaning(code, reason);
    if (meaning === 'seat') {
      this.log.add('note', 'CLOSE', what, Date.now());
      this.role = 'viewer';
      this.trouble = 'switching';
      this.#open();
      this.dispatchEvent(new CustomEvent('seat-taken'));
      return;
    }
    const neverOpen = this.connection !== 'open';
    this.#lost(what, meaning ?? (neverOpen ? this.trouble : null));
    if (neverOpen && meaning === null) this.#askWhy();
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
