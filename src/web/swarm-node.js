// One node of the swarm's picture: a disc, around it the ring of what it holds, below it its name.
//
// Shapes say what colours say: a seed is filled and its ring is whole, the server has a mark of its own
// instead of initials, and who cannot be dialled has a broken edge.

import { el, setAttribute, setText, show, svg } from './dom.js';
import { ringPath } from './swarm-layout.js';

/** In the units of a box of 100 around 0,0. A dot has room for little more than its ring. */
const RADII = {
  named: { inner: 34, outer: 47 },
  initials: { inner: 33, outer: 47 },
  dots: { inner: 16, outer: 44 },
};

export function createNode(id) {
  const parts = {
    held: svg('path', { class: 'node-held' }),
    edge: svg('circle', { class: 'node-edge', r: 49 }),
    groove: svg('circle', { class: 'node-groove' }),
    disc: svg('circle', { class: 'node-disc' }),
    text: svg('text', { class: 'node-text', y: 1 }),
    mark: svg('path', { class: 'node-mark', d: 'M-13-12h26v10h-26zM-13 3h26v10h-26zM6-7h2M6 8h2' }),
    name: el('span', { class: 'node-name' }),
    note: el('span', { class: 'node-note' }),
  };
  const picture = svg(
    'svg',
    { class: 'node-art', viewBox: '-56 -56 112 112', 'aria-hidden': 'true' },
    svg('circle', { class: 'node-pulse', r: 50 }),
    parts.edge,
    parts.groove,
    parts.held,
    parts.disc,
    parts.text,
    parts.mark,
  );
  parts.button = el(
    'button',
    { class: 'swarm-node', type: 'button', 'data-node-id': id },
    picture,
    el('span', { class: 'node-words', 'aria-hidden': 'true' }, parts.name, parts.note),
  );
  return parts;
}

export function drawNode(parts, node, { mode, note }) {
  const { inner, outer } = RADII[mode];
  const key = `${mode} ${node.map}`;
  if (parts.key !== key) {
    parts.key = key;
    setAttribute(parts.held, 'd', node.map === null ? '' : ringPath(node.map, inner, outer));
    setAttribute(parts.groove, 'r', (inner + outer) / 2);
    setAttribute(parts.groove, 'stroke-width', outer - inner);
    setAttribute(parts.disc, 'r', mode === 'dots' ? inner + 1 : inner - 4);
  }
  const { button } = parts;
  button.classList.toggle('is-full', node.isFull);
  button.classList.toggle('is-server', node.isServer);
  button.classList.toggle('is-hidden-away', node.dialable === false);
  setText(parts.text, node.isServer ? '' : node.initials);
  setText(parts.name, node.isServer ? 'Server' : node.name);
  setText(parts.note, note);
  show(parts.note, note !== '');
}
