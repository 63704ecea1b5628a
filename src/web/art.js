// A cover for every track, drawn from its id alone: the same track looks the same everywhere.
//
// `artPlan` is pure and decides (palette, composition, shapes); `drawArt` only turns the plan into
// SVG elements. Nothing is drawn from a title or a name, and nothing is random.

import { svg } from './dom.js';

const SIZE = 120;

// Ground first, then four colours that get along, the most telling one first.
const PALETTES = [
  ['#f3d9c9', '#b3204d', '#7a1537', '#f0a04b', '#2f2a26'],
  ['#f7e3c0', '#e2703a', '#b8402a', '#f2b544', '#4a3428'],
  ['#ecd9df', '#5b2a4e', '#96507f', '#d98ca5', '#f1b26b'],
  ['#3a2233', '#d4627a', '#f0b48a', '#8a3b5e', '#f6e3cf'],
  ['#f4e9c8', '#d9a521', '#8b7a2b', '#5a6b3b', '#b8502f'],
  ['#e6e6c8', '#7d8f3c', '#46593a', '#d7b348', '#c1553f'],
  ['#2b2333', '#c7528a', '#7b4b94', '#f2a65a', '#efe3d3'],
  ['#f6ddd3', '#d1432f', '#6d2e46', '#f08a5d', '#f5c469'],
  ['#e2e2da', '#3d5a66', '#c96f4a', '#7c9aa0', '#f0c987'],
  ['#c8571f', '#f6c667', '#7a2b16', '#f3e3c3', '#eb8c34'],
];

const COMPOSITIONS = [slice, hills, tiles, arches, orchard];

/** `{ colors, shapes }`; a shape is `[tag, attributes]` on a square of 120 units. */
export function artPlan(trackId) {
  const random = randomFrom(String(trackId));
  const palette = pick(random, PALETTES);
  const composition = pick(random, COMPOSITIONS);
  const [ground, ...inks] = palette;
  const colors = [ground, ...rotate(inks, Math.floor(random() * 2))];
  const background = ['rect', { x: 0, y: 0, width: SIZE, height: SIZE, fill: ground }];
  return { colors, shapes: [background, ...composition(random, colors)] };
}

/** The cover as an element that fills its box. */
export function drawArt(trackId) {
  const { shapes } = artPlan(trackId);
  return svg(
    'svg',
    {
      class: 'art',
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      'aria-hidden': 'true',
      preserveAspectRatio: 'xMidYMid slice',
    },
    ...shapes.map(([tag, attributes]) => svg(tag, attributes)),
  );
}

/** Two colours for somebody's badge: a soft ground and an ink that reads on it. */
export function badgeColors(peerId) {
  return pick(randomFrom(String(peerId)), BADGES);
}

const BADGES = [
  ['#f1c9d3', '#5e0f2a'],
  ['#f6d2b0', '#5c2a0b'],
  ['#f3dfa2', '#4d3a05'],
  ['#d9dfae', '#36400f'],
  ['#cfdcd9', '#1e3f3c'],
  ['#d9cfe6', '#3a2259'],
  ['#ecd0e2', '#561a45'],
  ['#e5d6c5', '#47311b'],
];

// Compositions. Each gets the random source and the colours, ground first.

/** A halved fruit: rind, flesh and a ring of seeds. It looks a little like a record, too. */
function slice(random, [, rind, dark, flesh, seed]) {
  const cx = 60 + (random() - 0.5) * 36;
  const cy = 60 + (random() - 0.5) * 36;
  const radius = 42 + random() * 16;
  const seeds = 7 + Math.floor(random() * 6);
  const turn = random() * 360;
  const shapes = [
    circle(cx, cy, radius, rind),
    circle(cx, cy, radius * 0.88, flesh),
    circle(cx, cy, radius * 0.3, rind, 0.9),
    circle(cx, cy, radius * 0.1, seed),
  ];
  for (let index = 0; index < seeds; index += 1) {
    const angle = turn + (360 / seeds) * index;
    shapes.push([
      'ellipse',
      {
        cx: round(cx),
        cy: round(cy - radius * 0.58),
        rx: round(radius * 0.07),
        ry: round(radius * 0.16),
        fill: dark,
        transform: `rotate(${round(angle)} ${round(cx)} ${round(cy)})`,
      },
    ]);
  }
  return shapes;
}

/** A low sun behind layers of hills. */
function hills(random, [, sun, far, middle, near]) {
  const sunX = 28 + random() * 64;
  const shapes = [circle(sunX, 34 + random() * 18, 17 + random() * 9, sun)];
  [far, middle, near].forEach((color, index) => {
    const top = 56 + index * 19 + random() * 6;
    const swing = 12 + random() * 12;
    const lift = random() < 0.5 ? -1 : 1;
    shapes.push([
      'path',
      {
        d: `M0 ${round(top)}C36 ${round(top - swing * lift)} 78 ${round(
          top + swing * lift,
        )} 120 ${round(top - 6 * lift)}V120H0Z`,
        fill: color,
      },
    ]);
  });
  return shapes;
}

/** Quarter circles, leaves and discs on a grid, as record sleeves of the sixties had them. */
function tiles(random, [, ...inks]) {
  const across = random() < 0.6 ? 3 : 2;
  const cell = SIZE / across;
  const shapes = [];
  for (let index = 0; index < across * across; index += 1) {
    const x = (index % across) * cell;
    const y = Math.floor(index / across) * cell;
    const [first, second] = rotate(inks, Math.floor(random() * inks.length));
    const kind = Math.floor(random() * 4);
    const turn = Math.floor(random() * 4) * 90;
    const transform = `translate(${round(x)} ${round(y)}) rotate(${turn} ${round(
      cell / 2,
    )} ${round(cell / 2)})`;
    const c = round(cell);
    const h = round(cell / 2);
    if (random() < 0.35) {
      shapes.push(['rect', { width: c, height: c, fill: second, transform }]);
    }
    const d = [
      `M0 0H${c}A${c} ${c} 0 0 1 0 ${c}Z`,
      `M0 0A${c} ${c} 0 0 1 ${c} ${c}A${c} ${c} 0 0 1 0 0Z`,
      `M0 ${h}A${h} ${h} 0 0 1 ${c} ${h}A${h} ${h} 0 0 1 0 ${h}Z`,
      `M0 0H${c}A${h} ${h} 0 0 1 0 0Z`,
    ][kind];
    shapes.push(['path', { d, fill: first, transform }]);
  }
  return shapes;
}

/** Arches within arches, standing on the edge. */
function arches(random, [, ...inks]) {
  const cx = pick(random, [36, 60, 84]);
  const bands = 4 + Math.floor(random() * 2);
  const outer = 50 + random() * 14;
  const base = 120;
  const shapes = [];
  for (let index = 0; index < bands; index += 1) {
    const r = round(outer * (1 - index / (bands + 0.4)));
    const top = round(base - 34);
    const left = round(cx - r);
    const right = round(cx + r);
    shapes.push([
      'path',
      {
        d: `M${left} ${base}V${top}A${r} ${r} 0 0 1 ${right} ${top}V${base}Z`,
        fill: inks[index % inks.length],
      },
    ]);
  }
  const moonX = cx < 60 ? 100 : cx > 60 ? 20 : pick(random, [18, 102]);
  shapes.push(circle(moonX, 20, 8 + random() * 5, inks[bands % inks.length]));
  return shapes;
}

/** Round fruit, overlapping, each with a leaf. */
function orchard(random, [, ...inks]) {
  const spots = [
    [40, 74, 30],
    [80, 66, 27],
    [60, 100, 25],
  ];
  const leaf = inks[inks.length - 1];
  const count = 2 + Math.floor(random() * 2);
  return spots.slice(0, count).flatMap(([x, y, r], index) => {
    const cx = x + (random() - 0.5) * 14;
    const cy = y + (random() - 0.5) * 12;
    const radius = r + random() * 7;
    const top = cy - radius;
    const lean = random() < 0.5 ? -1 : 1;
    return [
      circle(cx, cy, radius, inks[index], 0.92),
      [
        'path',
        {
          d: `M${round(cx)} ${round(top + 6)}q${round(lean * 2)} -9 ${round(lean * 5)} -13`,
          fill: 'none',
          stroke: leaf,
          'stroke-width': 2.4,
          'stroke-linecap': 'round',
        },
      ],
      [
        'path',
        {
          d: `M${round(cx + lean)} ${round(top - 1)}q${round(lean * 8)} -15 ${round(
            lean * 24,
          )} -11q${round(lean * -6)} 14 ${round(lean * -24)} 11Z`,
          fill: leaf,
        },
      ],
      circle(cx - radius * 0.36, cy - radius * 0.38, radius * 0.14, '#fff', 0.32),
    ];
  });
}

function circle(cx, cy, r, fill, opacity = 1) {
  const attributes = { cx: round(cx), cy: round(cy), r: round(r), fill };
  if (opacity < 1) attributes.opacity = opacity;
  return ['circle', attributes];
}

function round(value) {
  return Math.round(value * 100) / 100;
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}

function rotate(list, by) {
  return [...list.slice(by), ...list.slice(0, by)];
}

/** FNV-1a into mulberry32: small, and the same on every machine. */
function randomFrom(text) {
  let seed = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    seed = Math.imul(seed ^ text.charCodeAt(index), 0x01000193);
  }
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
