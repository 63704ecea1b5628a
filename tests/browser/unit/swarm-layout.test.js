// Where the nodes of the swarm's picture are, from one to a hundred, on a small phone and on a laptop.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  arrange,
  curve,
  nearest,
  pointOn,
  ringPath,
  thickness,
  wedgePath,
} from '../../../src/web/swarm-layout.js';

const WIDTHS = [280, 350, 400, 480];

test('at 320 px nine nodes have names, 24 initials, and 100 are dots that can be told apart', () => {
  assert.equal(arrange(9, 280).mode, 'named');
  assert.equal(arrange(24, 280).mode, 'initials');
  assert.ok(arrange(24, 280).node >= 24);
  assert.equal(arrange(100, 280).mode, 'dots');
  assert.ok(arrange(100, 280).node >= 12);
});

test('any number of nodes is inside of the box, and no two overlap', () => {
  for (const width of WIDTHS) {
    for (let count = 0; count <= 100; count += 1) {
      const { places, node, height } = arrange(count, width);
      assert.equal(places.length, count);
      places.forEach(({ x, y }, index) => {
        const what = `node ${index} of ${count} at ${width} px`;
        assert.ok(x >= node / 2 - 0.5 && x <= width - node / 2 + 0.5, `${what}: x ${x}`);
        assert.ok(y >= node / 2 - 0.5 && y <= height - node / 2 + 0.5, `${what}: y ${y}`);
        places.slice(index + 1).forEach((other) => {
          const distance = Math.hypot(x - other.x, y - other.y);
          assert.ok(distance >= 0.95 * node, `${what}: ${distance} px for ${node}`);
        });
      });
    }
  }
});

test('with names there is a thumb of room for each, up to nine', () => {
  for (const width of WIDTHS) {
    const { places } = arrange(9, width);
    const reach = Math.hypot(places[0].x - places[1].x, places[0].y - places[1].y);
    assert.ok(reach >= 44, `${reach} px at ${width}`);
  }
});

test('the first node is on top, one alone in the middle, two face each other', () => {
  const many = arrange(7, 300);
  assert.ok(many.places.every(({ y }) => y >= many.places[0].y));
  const one = arrange(1, 300);
  assert.equal(one.places[0].x, one.center.x);
  const [left, right] = arrange(2, 300).places;
  assert.ok(left.x < right.x && Math.abs(left.y - right.y) < 1);
});

test('a chord goes from edge to edge, and the way back is another', () => {
  const { places, center, node } = arrange(6, 300);
  const there = curve(places[1], places[4], center, node);
  const back = curve(places[4], places[1], center, node);
  const edge = Math.hypot(there.a.x - places[1].x, there.a.y - places[1].y);
  assert.ok(Math.abs(edge - node / 2 - 1) < 0.5);
  const apart = Math.hypot(
    pointOn(there, 0.5).x - pointOn(back, 0.5).x,
    pointOn(there, 0.5).y - pointOn(back, 0.5).y,
  );
  assert.ok(apart > 4, `${apart} px`);
  assert.deepEqual(pointOn(there, 0), there.a);
  assert.deepEqual(pointOn(there, 1), there.b);
  assert.doesNotMatch(wedgePath(there, 5), /NaN|Infinity/);
});

test('two nodes at one place make no path that is none', () => {
  const point = { x: 5, y: 5 };
  assert.doesNotMatch(wedgePath(curve(point, point, point, 20), 3), /NaN|Infinity/);
});

test('a busier chord is thicker, within bounds', () => {
  assert.ok(thickness(0, 0, 40) < thickness(5e5, 1e6, 40));
  assert.ok(thickness(5e5, 1e6, 40) < thickness(1e6, 1e6, 40));
  assert.ok(thickness(1e12, 1e6, 400) <= 9);
});

test('a ring shows which parts are held', () => {
  assert.equal(ringPath('0'.repeat(64), 34, 47), '');
  const first = ringPath(`9${'0'.repeat(63)}`, 34, 47);
  assert.match(first, /^M0 -34L0 -47A47 47 0 0 1 4.6 -46.8L3.3 -33.8A34 34 0 0 0 0 -34Z$/);
  const full = ringPath('9'.repeat(64), 34, 47);
  assert.equal(full.match(/M/g).length, 2, 'two halves');
  const part = ringPath('3'.repeat(64), 34, 47);
  assert.match(part, /A38.3 38.3/);
  const two = ringPath(`99${'0'.repeat(30)}1${'0'.repeat(31)}`, 34, 47);
  assert.equal(two.match(/M/g).length, 2);
});

test('the nearest node is found, within reach', () => {
  const places = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ];
  assert.equal(nearest(places, { x: 60, y: 0 }, 50), 1);
  assert.equal(nearest(places, { x: 50, y: 90 }, 50), -1);
  assert.equal(nearest([], { x: 0, y: 0 }, 50), -1);
});
