// Where everything of the swarm's picture is. Pure geometry: numbers in, numbers and SVG paths out.
//
// The nodes stand on a ring that fills its box, the first one on top, clockwise. Few of them have names, more
// have initials, and a crowd are dots in two rows, so that each keeps a ring of its own that can be seen.

/** So much of the ring a node with its name takes, and one with initials, in px. */
const NAMED_PX = 60;
const INITIALS_PX = 25;

const NAME_HEIGHT = 38;
const NAME_WIDTH = 80;
const NODE_MAX = 68;
const NODE_MIN = 12;

/** Wider boxes are lower, so that a laptop shows all of it at once. */
const WIDE_PX = 420;

/** How far a chord is bent to the middle of the ring, and to its own side of the way. */
const PULL = 0.3;

const TURN = 2 * Math.PI;

/**
 * `{ width, height, mode, node, center, places }` for so many nodes in a box of this width: `mode` is 'named',
 * 'initials' or 'dots', `node` the diameter of one, `places` their middles; `isAbove`: there is more room for its name
 * above it.
 */
export function arrange(count, width) {
  const height = Math.round(width * heightShare(count, width));
  const named = ring(width, height, {
    x: NAME_WIDTH / 2,
    top: 32 + NAME_HEIGHT,
    bottom: 32 + NAME_HEIGHT,
  });
  if (named.length / count >= NAMED_PX || count < 3) {
    const node = Math.min(NODE_MAX, Math.max(34, (0.54 * named.length) / Math.max(3, count)));
    const edge = node / 2 + 4;
    const own = ring(width, height, {
      x: Math.max(edge, NAME_WIDTH / 2),
      top: edge + NAME_HEIGHT,
      bottom: edge + NAME_HEIGHT,
    });
    return finish('named', node, own, count, { width, height, inset: 0 });
  }
  const close = ring(width, height, { x: 18, top: 18, bottom: 18 });
  const spacing = close.length / count;
  if (spacing >= INITIALS_PX) {
    const node = Math.min(36, 0.8 * spacing);
    return finish('initials', node, close, count, { width, height, inset: 0 });
  }
  const outer = ring(width, height, { x: 12, top: 12, bottom: 12 });
  const node = Math.max(NODE_MIN, Math.min(22, (1.45 * outer.length) / count));
  return finish('dots', node, outer, count, { width, height, inset: 1.15 * node });
}

/** One or two are no ring, and need no room for one. */
function heightShare(count, width) {
  if (count < 3) return 0.6;
  return width < WIDE_PX ? 1.18 : 0.92;
}

function ring(width, height, { x, top, bottom }) {
  const rx = Math.max(10, width / 2 - x);
  const ry = Math.max(10, (height - top - bottom) / 2);
  return { rx, ry, x: width / 2, y: top + ry, length: Math.PI * (rx + ry) };
}

/** `inset`: every second node stands so much further in. */
function finish(mode, node, { rx, ry, x, y }, count, { width, height, inset }) {
  const center = { x, y };
  // Two rows meet only where there is an even number of places; one may stay free.
  const slots = inset > 0 ? count + (count % 2) : count;
  const places = [];
  for (let index = 0; index < count; index += 1) {
    const turn = angle(index, slots);
    const inside = index % 2 === 1 ? inset : 0;
    places.push({
      x: x + (rx - inside) * Math.cos(turn),
      y: y + (ry - inside) * Math.sin(turn),
      isAbove: Math.sin(turn) < -0.3,
    });
  }
  if (count === 1) places[0] = { ...center, isAbove: false };
  return { width, height, mode, node, center, places };
}

function angle(index, count) {
  const first = count === 2 ? -TURN / 2 : -TURN / 4;
  return first + (TURN * index) / count;
}

/**
 * The way from one node's edge to another's, as a quadratic Bézier curve `{ a, c, b }`. The way back is
 * another one, beside it.
 */
export function curve(from, to, center, node) {
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const distance = Math.hypot(dx, dy) || 1;
  const lane = Math.min(node * 0.35, 9);
  const c = {
    x: middle.x + PULL * (center.x - middle.x) - (dy / distance) * lane,
    y: middle.y + PULL * (center.y - middle.y) + (dx / distance) * lane,
  };
  const edge = node / 2 + 1;
  return { a: towards(from, c, edge), c, b: towards(to, c, edge) };
}

function towards(from, to, by) {
  const distance = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const share = Math.min(0.45, by / distance);
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** The point after `share` of the way, 0 to 1. */
export function pointOn({ a, c, b }, share) {
  const rest = 1 - share;
  return {
    x: rest * rest * a.x + 2 * rest * share * c.x + share * share * b.x,
    y: rest * rest * a.y + 2 * rest * share * c.y + share * share * b.y,
  };
}

/** A chord as a wedge, `thick` px where it is given and a point where it is taken: it tells its direction at rest. */
export function wedgePath({ a, c, b }, thick) {
  const first = normal(a, c, thick / 2);
  const middle = normal(a, b, thick / 3);
  const p = (point, by, side) => `${px(point.x + side * by.x)} ${px(point.y + side * by.y)}`;
  return (
    `M${p(a, first, 1)}Q${p(c, middle, 1)} ${px(b.x)} ${px(b.y)}` +
    `Q${p(c, middle, -1)} ${p(a, first, -1)}Z`
  );
}

export function linePath({ a, c, b }) {
  return `M${px(a.x)} ${px(a.y)}Q${px(c.x)} ${px(c.y)} ${px(b.x)} ${px(b.y)}`;
}

function normal(from, to, length) {
  const distance = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  return { x: (-(to.y - from.y) / distance) * length, y: ((to.x - from.x) / distance) * length };
}

/** How thick a chord is in px, beside the busiest one of the swarm. */
export function thickness(rate, busiest, node) {
  const max = Math.max(2.5, Math.min(9, node * 0.17));
  const share = Math.sqrt(Math.max(0, rate) / Math.max(busiest, 100_000));
  return 1.2 + (max - 1.2) * Math.min(1, share);
}

/**
 * The held parts of a track as a ring around 0,0 that begins on top and goes clockwise: each digit of `map` is one
 * part of it, as high between `inner` and `outer` as it is filled.
 */
export function ringPath(map, inner, outer) {
  const parts = map.length;
  let path = '';
  let index = 0;
  while (index < parts) {
    // In halves: an arc to where it began would be none.
    const half = index < parts / 2 ? parts / 2 : parts;
    if (map[index] === '0') {
      index += 1;
      continue;
    }
    const begin = index;
    let outline = '';
    while (index < half && map[index] !== '0') {
      const digit = map[index];
      const radius = inner + ((outer - inner) * Number(digit)) / 9;
      const from = index;
      while (index < half && map[index] === digit) index += 1;
      outline += `L${onRing(from, parts, radius)}A${px(radius)} ${px(radius)} 0 0 1 ${onRing(index, parts, radius)}`;
    }
    path +=
      `M${onRing(begin, parts, inner)}${outline}L${onRing(index, parts, inner)}` +
      `A${px(inner)} ${px(inner)} 0 0 0 ${onRing(begin, parts, inner)}Z`;
  }
  return path;
}

function onRing(index, parts, radius) {
  const turn = (TURN * index) / parts;
  return `${px(radius * Math.sin(turn))} ${px(-radius * Math.cos(turn))}`;
}

/** The index of the place nearest to a point, or -1 when none is within `reach`. */
export function nearest(places, { x, y }, reach) {
  let best = -1;
  let bestDistance = reach;
  places.forEach((place, index) => {
    const distance = Math.hypot(place.x - x, place.y - y);
    if (distance > bestDistance) return;
    best = index;
    bestDistance = distance;
  });
  return best;
}

function px(value) {
  return Math.round(value * 10) / 10;
}
