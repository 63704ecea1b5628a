// The swarm's tab: which machines hold which parts of the track, and what travels between them.
//
// Listens to the room's SWARM messages by itself, for they come several times a second. While nobody sees
// the tab the last one is kept and not looked into; on being shown, counting begins with that one.

import { addressesOf, copyField } from './address.js';
import { announce, byId, setText, show } from './dom.js';
import { findTrack } from './room-model.js';
import { readNodes, SwarmModel, totals, trafficOf, withServersShare } from './swarm-model.js';
import { SwarmPicture } from './swarm-picture.js';
import { SwarmTable } from './swarm-table.js';
import { trackWords } from './track-words.js';
import { headlineWords, machineWords, nodeLabel, nodeWords, seedCommand } from './swarm-words.js';

/** Rings and chords follow every message; words that change faster cannot be read. */
const WORDS_MS = 1000;
const TICK_MS = 500;

const HINT = 'Tap a node to see what it gives and takes. Dots are chunks on their way.';

export class SwarmPanel {
  #socket;
  #roomName;
  #room;
  #model = new SwarmModel();
  #picture = new SwarmPicture({ onPick: (id) => this.#pick(id) });
  #table = new SwarmTable();
  #latest = null;
  #arriving = new Map();
  #machines = { of: null, nodes: new Map() };
  #picked = null;
  #asTable = false;
  #inView = false;
  #isSeen = false;
  #timer = null;
  #wordsAtMs = -Infinity;
  #addressAsked = false;

  /** `room()` gives what is known about the room, as room-model.js has it. */
  constructor({ socket, roomName, room }) {
    this.#socket = socket;
    this.#roomName = roomName;
    this.#room = room;
    socket.addEventListener('message', ({ detail }) => {
      if (detail.type === 'SWARM') this.#receive(detail);
    });
    socket.addEventListener('connection', () => this.#connectionChanged());
    new IntersectionObserver((entries) => {
      this.#inView = entries.at(-1).isIntersecting;
      this.#lookAgain();
    }).observe(byId('panel-swarm'));
    document.addEventListener('visibilitychange', () => this.#lookAgain());
    byId('swarm-toggle').addEventListener('click', () => this.#toggle());
    byId('swarm-copy').addEventListener('click', () => this.#copy());
    byId('swarm-command').addEventListener('focus', ({ target }) => target.select());
  }

  /** What the list of people says about a machine in it. */
  machineWords(peerId) {
    if (this.#machines.of !== this.#latest) {
      const nodes = readNodes(this.#latest).map((node) => [node.id, node]);
      this.#machines = { of: this.#latest, nodes: new Map(nodes) };
    }
    return machineWords(this.#machines.nodes.get(peerId));
  }

  /** How much of each track the server has, from 0 to 1; the same Map as long as that stays. */
  get arriving() {
    return this.#arriving;
  }

  #receive(message) {
    this.#latest = message;
    this.#arriving = withServersShare(this.#arriving, message);
    const { nodes } = message;
    const count = Array.isArray(nodes) ? nodes.length : 0;
    setText(byId('swarm-count'), count > 0 ? String(count) : '');
    if (this.#isSeen) this.#update();
  }

  #connectionChanged() {
    if (this.#socket.connection !== 'open') {
      this.#model.interrupt();
      this.#arriving = new Map();
    }
    if (this.#isSeen) this.#render();
  }

  #lookAgain() {
    const isSeen = this.#inView && !document.hidden;
    if (isSeen === this.#isSeen) return;
    this.#isSeen = isSeen;
    clearInterval(this.#timer);
    this.#model.interrupt();
    if (isSeen) {
      this.#update();
      this.#timer = setInterval(() => this.#render(), TICK_MS);
    }
    this.#picture.setSeen(isSeen);
  }

  #update() {
    const nowMs = performance.now();
    const news = this.#model.update(this.#latest, nowMs);
    this.#render();
    if (!this.#asTable) this.#picture.show(news, nowMs);
  }

  #render() {
    const nowMs = performance.now();
    const { nodes } = this.#model;
    const chords = this.#model.chords(nowMs);
    if (!nodes.some((node) => node.id === this.#picked)) this.#picked = null;
    const wordsAreDue = nowMs - this.#wordsAtMs >= WORDS_MS;
    if (wordsAreDue) {
      this.#wordsAtMs = nowMs;
      this.#say(nodes, chords);
    }
    this.#showParts(nodes.length);
    if (nodes.length === 0) return;
    if (!this.#asTable) this.#renderPicture(nodes, chords);
    else if (wordsAreDue) this.#table.render({ nodes, chords });
  }

  #showParts(count) {
    const isEmpty = count === 0;
    show(byId('swarm-stage'), !isEmpty && !this.#asTable);
    show(byId('swarm-detail'), !isEmpty && !this.#asTable);
    show(byId('swarm-table'), !isEmpty && this.#asTable);
    show(byId('swarm-toggle'), !isEmpty);
    show(byId('swarm-start'), isEmpty);
    if (isEmpty) this.#askAddress();
  }

  #renderPicture(nodes, chords) {
    const listeners = this.#room().total;
    this.#picture.render({
      nodes,
      chords,
      picked: this.#picked,
      label: nodeLabel,
      note: (node) => (node.isServer && listeners > 0 ? `${listeners} listening` : ''),
    });
  }

  #say(nodes, chords) {
    const isOpen = this.#socket.connection === 'open';
    const words = headlineWords(totals(nodes, chords));
    setText(byId('swarm-headline'), isOpen ? words : `${words} (before the connection was lost)`);
    setText(byId('swarm-detail'), this.#detail(nodes, chords));
  }

  #detail(nodes, chords) {
    const alone = nodes.length === 1;
    const node = alone ? nodes[0] : nodes.find(({ id }) => id === this.#picked);
    if (node === undefined) return HINT;
    return nodeWords(node, {
      traffic: trafficOf(node.id, chords),
      nameOf: (id) => nodes.find((other) => other.id === id)?.name ?? null,
      title: totals(nodes, chords).tracks > 1 ? this.#titleOf(node.trackId) : null,
      listeners: this.#room().total,
      alone,
    });
  }

  #titleOf(trackId) {
    const track = findTrack(this.#room(), trackId);
    return track === null ? 'another track' : trackWords(track).title;
  }

  #sayNow() {
    this.#wordsAtMs = -Infinity;
    this.#render();
  }

  // What people do with it.

  #pick(id) {
    this.#picked = id === this.#picked ? null : id;
    this.#sayNow();
    if (this.#picked !== null) announce(byId('swarm-detail').textContent);
  }

  #toggle() {
    this.#asTable = !this.#asTable;
    setText(byId('swarm-toggle'), this.#asTable ? 'Show as picture' : 'Show as table');
    this.#sayNow();
  }

  /** On this computer the address is no use to others; the server is asked for a better one, once. */
  async #askAddress() {
    if (this.#addressAsked) return;
    this.#addressAsked = true;
    const path = `/${this.#roomName}`;
    const field = byId('swarm-command');
    field.value = seedCommand(location.origin + path);
    const [best] = await addressesOf(path);
    field.value = seedCommand(best);
  }

  async #copy() {
    const copied = await copyField(byId('swarm-command'));
    setText(byId('swarm-note'), copied ? 'Copied.' : 'Selected. Copy it with your device.');
  }
}
