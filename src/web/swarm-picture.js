// The picture of the swarm: a ring of nodes, chords between them, and chunks as dots along the chords.
//
// It shows what it is given and decides nothing. Chords, dots and rings are drawing only; each node is a
// button with a name, and the arrow keys go around the ring. Frames are drawn only while it is in view and
// something moves.

import { byId, el, setAttribute, setText, svg } from './dom.js';
import { orderChildren } from './keyed-list.js';
import {
  arrange,
  curve,
  linePath,
  nearest,
  pointOn,
  thickness,
  wedgePath,
} from './swarm-layout.js';
import { createNode, drawNode } from './swarm-node.js';
import { DotLayer } from './swarm-dot-layer.js';
import { Dots } from './swarm-dots.js';

/** More lines than these nobody can tell apart; the busiest are drawn. */
const CHORDS_MAX = 160;

/** Half of the way to its new place takes a node this long. */
const HALF_WAY_MS = 90;

/** A thumb is not exact. */
const REACH_PX = 30;

const ARROWS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

export class SwarmPicture {
  #stage = byId('swarm-stage');
  #lines = byId('swarm-chords');
  #dotLayer = new DotLayer(byId('swarm-dots'));
  #group = byId('swarm-nodes');
  #onPick;
  #dots = new Dots();
  /** By node id: `{ parts, x, y, toX, toY }`. */
  #spots = new Map();
  /** By chord key: `{ path, chord, curve }`. */
  #ways = new Map();
  #plan = arrange(0, 320);
  #nodes = [];
  #chords = [];
  #picked = null;
  #width = 0;
  #frame = null;
  #lastMs = 0;
  #seen = false;

  /** `onPick(id)`: a node was pressed; null for a press beside all of them. */
  constructor({ onPick }) {
    this.#onPick = onPick;
    this.#stage.addEventListener('click', (event) => this.#click(event));
    this.#group.addEventListener('keydown', (event) => this.#key(event));
    this.#group.addEventListener('animationend', (event) => {
      event.target.closest('.swarm-node')?.classList.remove('is-done');
    });
    new ResizeObserver(([entry]) => {
      this.#width = entry.contentRect.width;
      if (this.#seen) this.#place({ atOnce: true });
    }).observe(this.#stage);
  }

  /** Nothing is drawn while nobody can see it. */
  setSeen(seen) {
    this.#seen = seen;
    if (seen) return this.#move();
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    this.#dots.clear();
    this.#dotLayer.draw([], this.#ways);
    return undefined;
  }

  /** `label(node)` is for the ear, `note(node)` a second line under its name. */
  render({ nodes, chords, picked, label, note }) {
    const ids = (list) => list.map((node) => node.id).join('\n');
    const isOther = ids(nodes) !== ids(this.#nodes);
    this.#nodes = nodes;
    this.#chords = chords;
    this.#picked = picked;
    if (isOther) this.#place({ atOnce: false });
    const around = this.#neighbours(picked);
    for (const node of nodes) {
      const { parts } = this.#spots.get(node.id);
      drawNode(parts, node, { mode: this.#plan.mode, note: note(node) });
      setAttribute(parts.button, 'aria-label', label(node));
      setAttribute(parts.button, 'aria-pressed', String(node.id === picked));
      parts.button.classList.toggle('is-aside', picked !== null && !around.has(node.id));
    }
    this.#rove(this.#focusedId() ?? picked ?? nodes[0]?.id);
    this.#drawChords();
  }

  /** `gained` and `completed` as `SwarmModel.update` tells them. */
  show({ gained, completed }, nowMs) {
    if (!this.#seen || stillness.matches) return;
    this.#dots.add(
      gained.filter(({ key }) => this.#ways.has(key)),
      nowMs,
    );
    for (const id of completed) this.#spots.get(id)?.parts.button.classList.add('is-done');
    this.#move();
  }

  #neighbours(id) {
    const near = new Set([id]);
    for (const { giver, taker } of this.#chords) {
      if (giver === id) near.add(taker);
      if (taker === id) near.add(giver);
    }
    return near;
  }

  // Where things are.

  #place({ atOnce }) {
    const { width, height, mode, node, places } = this.#replan();
    this.#stage.style.setProperty('--node', `${node.toFixed(1)}px`);
    this.#stage.style.setProperty('--height', `${height}px`);
    this.#stage.dataset.mode = mode;
    setAttribute(this.#lines, 'viewBox', `0 0 ${width} ${height}`);
    this.#dotLayer.resize(width, height);
    const spots = new Map();
    this.#nodes.forEach(({ id }, index) => {
      const { x: toX, y: toY } = places[index];
      const old = this.#spots.get(id);
      const jumps = atOnce || old === undefined || stillness.matches;
      const from = jumps ? { x: toX, y: toY } : old;
      const parts = old?.parts ?? createNode(id);
      parts.button.classList.toggle('is-above', places[index].isAbove);
      spots.set(id, { parts, x: from.x, y: from.y, toX, toY });
    });
    this.#spots = spots;
    orderChildren(
      this.#group,
      [...spots.values()].map(({ parts }) => parts.button),
    );
    this.#putNodes();
    this.#drawChords();
    this.#move();
  }

  #replan() {
    const width = this.#width || this.#stage.clientWidth;
    this.#plan = arrange(this.#nodes.length, Math.max(200, width));
    return this.#plan;
  }

  #putNodes() {
    for (const { parts, x, y } of this.#spots.values()) {
      parts.button.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
    }
  }

  #drawChords() {
    const busy = [...this.#chords].sort((a, b) => b.rate - a.rate || b.chunks - a.chunks);
    const busiest = busy[0]?.rate ?? 0;
    const ways = new Map();
    for (const chord of busy.slice(0, CHORDS_MAX)) {
      // In a crowd the ways of the past would be a felt of lines.
      if (!chord.isMoving && this.#plan.mode === 'dots') continue;
      const path = this.#ways.get(chord.key)?.path ?? svg('path');
      ways.set(chord.key, { path, chord });
    }
    for (const [key, { path }] of this.#ways) if (!ways.has(key)) path.remove();
    this.#ways = ways;
    for (const way of ways.values()) {
      this.#bend(way, busiest);
      if (!way.path.isConnected) this.#lines.append(way.path);
    }
  }

  #bend(way, busiest) {
    const { chord, path } = way;
    const { node, center } = this.#plan;
    way.curve = curve(this.#spots.get(chord.giver), this.#spots.get(chord.taker), center, node);
    const d = chord.isMoving
      ? wedgePath(way.curve, thickness(chord.rate, busiest, node))
      : linePath(way.curve);
    setAttribute(path, 'd', d);
    const isOwn = chord.giver === this.#picked || chord.taker === this.#picked;
    way.isAside = this.#picked !== null && !isOwn;
    const look = way.isAside ? ' is-aside' : isOwn ? ' is-own' : '';
    setAttribute(path, 'class', `chord${chord.isMoving ? ' is-moving' : ''}${look}`);
  }

  // What moves.

  #move() {
    if (!this.#seen || this.#frame !== null || !this.#isBusy(performance.now())) return;
    this.#lastMs = performance.now();
    this.#frame = requestAnimationFrame((nowMs) => this.#step(nowMs));
  }

  #isBusy(nowMs) {
    return this.#dots.isBusy(nowMs) || this.#isOnTheWay();
  }

  #isOnTheWay() {
    return [...this.#spots.values()].some(({ x, y, toX, toY }) => x !== toX || y !== toY);
  }

  #step(nowMs) {
    this.#frame = null;
    if (this.#isOnTheWay()) this.#approach(Math.max(0, nowMs - this.#lastMs));
    this.#lastMs = nowMs;
    this.#dotLayer.draw(this.#dots.at(nowMs), this.#ways);
    if (this.#isBusy(nowMs)) this.#frame = requestAnimationFrame((next) => this.#step(next));
  }

  #approach(ms) {
    const share = 1 - 0.5 ** (ms / HALF_WAY_MS);
    for (const spot of this.#spots.values()) {
      spot.x += (spot.toX - spot.x) * share;
      spot.y += (spot.toY - spot.y) * share;
      if (Math.hypot(spot.toX - spot.x, spot.toY - spot.y) < 0.5) {
        spot.x = spot.toX;
        spot.y = spot.toY;
      }
    }
    this.#putNodes();
    this.#drawChords();
  }

  // Who presses what.

  #click(event) {
    const button = event.target.closest('.swarm-node');
    // In a crowd a button is smaller than a thumb: the nearest one counts.
    if (button !== null && (event.detail === 0 || this.#plan.mode === 'named')) {
      this.#onPick(button.dataset.nodeId);
      return;
    }
    const box = this.#stage.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    const at = nearest(this.#plan.places, point, Math.max(REACH_PX, this.#plan.node * 0.75));
    this.#onPick(this.#nodes[at]?.id ?? null);
  }

  #key(event) {
    const at = this.#nodes.findIndex((node) => node.id === this.#focusedId());
    const { length } = this.#nodes;
    let to = { Home: 0, End: length - 1 }[event.key];
    if (ARROWS[event.key] !== undefined) to = (at + ARROWS[event.key] + length) % length;
    if (event.key === 'Escape' && this.#picked !== null) this.#onPick(null);
    else if (at < 0 || to === undefined) return;
    else this.#focus(this.#nodes[to].id);
    event.preventDefault();
    event.stopPropagation();
  }

  #focus(id) {
    this.#rove(id);
    this.#spots.get(id).parts.button.focus();
  }

  #focusedId() {
    const focused = document.activeElement;
    return this.#group.contains(focused) ? focused.dataset.nodeId : undefined;
  }

  /** One of them is on the way of the tab key, the others are reached with arrows. */
  #rove(id) {
    for (const [nodeId, { parts }] of this.#spots) parts.button.tabIndex = nodeId === id ? 0 : -1;
  }
}
