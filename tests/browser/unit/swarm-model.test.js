// What the page makes of SWARM messages: nodes that can be believed, chords, and how fast they are.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  readNodes,
  SwarmModel,
  totals,
  trafficOf,
  withServersShare,
} from '../../../src/web/swarm-model.js';
import { mapOf, nodeOf } from '../swarm-feed.js';

const CHUNK = 16384;
const swarm = (...nodes) => ({ type: 'SWARM', nodes });
const ana = (have = 320, more) => nodeOf('a', 'Ana', have, more);
const ben = (from, more) => nodeOf('b', 'Ben', 100, { from, ...more });

test('a node is read with what it holds', () => {
  const [node] = readNodes(swarm(ana(160, { dialable: false, unreachable: ['b'] })));
  assert.equal(node.name, 'Ana');
  assert.equal(node.share, 0.5);
  assert.equal(node.isFull, false);
  assert.equal(node.map, '9'.repeat(32) + '0'.repeat(32));
  assert.equal(node.dialable, false);
  assert.deepEqual(node.unreachable, ['b']);
});

test('what is malformed is left out or unknown', () => {
  for (const message of [null, {}, { nodes: 7 }, { nodes: [null, 3, {}, { peer_id: '' }] }]) {
    assert.deepEqual(readNodes(message), []);
  }
  const [node] = readNodes(
    swarm({
      peer_id: 'x',
      name: { html: '<b>' },
      total_chunks: -1,
      have_count: '9',
      map: 'x'.repeat(64),
      dialable: 'no',
      from: [['y', -1], ['z'], 'w', ['q', 1e99], [{}, 3]],
      unreachable: [7, null],
      server: 'yes',
    }),
  );
  assert.equal(node.name, 'Somebody');
  assert.equal(node.share, null);
  assert.equal(node.map, null);
  assert.equal(node.dialable, null);
  assert.equal(node.isServer, false);
  assert.deepEqual([node.from, node.unreachable], [[], []]);
});

test('a node that does not say where its parts are has them everywhere a little', () => {
  const [node] = readNodes(swarm(ana(160, { map: undefined })));
  assert.equal(node.map, '4'.repeat(64));
  const [mapped] = readNodes(
    swarm(ana(0, { have_count: undefined, total_chunks: undefined, map: mapOf(0.25) })),
  );
  assert.equal(mapped.share, 0.25);
});

test('a whole track is a whole ring, also when it has fewer chunks than the ring has parts', () => {
  const map = '90'.repeat(32);
  const [node] = readNodes(swarm(ana(32, { total_chunks: 32, map })));
  assert.equal(node.map, '9'.repeat(64));
  assert.equal(readNodes(swarm(ana(31, { total_chunks: 32, map })))[0].map, map);
});

test('every list is bounded, and nobody is there twice', () => {
  const many = Array.from({ length: 300 }, (_, index) => nodeOf(`n${index}`, 'N', 1));
  assert.equal(readNodes(swarm(...many)).length, 100);
  assert.equal(readNodes(swarm(ana(), ana())).length, 1);
  const from = many.map((node) => [node.peer_id, 1]);
  assert.equal(readNodes(swarm(ben(from)))[0].from.length, 64);
});

test('the server is first, and everybody else keeps their place', () => {
  const model = new SwarmModel();
  const names = () => model.nodes.map((node) => node.id).join('');
  model.update(swarm(ana(), ben([])), 0);
  model.update(swarm(nodeOf('c', 'C', 1), ben([]), ana()), 250);
  assert.equal(names(), 'abc');
  model.update(swarm(nodeOf('s', 'S', 1, { server: true }), nodeOf('c', 'C', 1), ana()), 500);
  assert.equal(names(), 'sac');
  assert.equal(model.nodes[0].name, 'The server');
});

test('what was taken before this page looked did not travel now', () => {
  const model = new SwarmModel();
  assert.deepEqual(model.update(swarm(ana(), ben([['a', 90]])), 0).gained, []);
  assert.equal(model.chords(0)[0].rate, 0);
  assert.equal(model.chords(0)[0].isMoving, false);
  assert.deepEqual(model.update(swarm(ana(), ben([['a', 94]])), 250).gained, [
    { key: 'a b', chunks: 4 },
  ]);
  model.interrupt();
  assert.deepEqual(model.update(swarm(ana(), ben([['a', 190]])), 9000).gained, []);
});

test('the first chunks from somebody count from nothing', () => {
  const model = new SwarmModel();
  model.update(swarm(ana(), ben([])), 0);
  assert.deepEqual(model.update(swarm(ana(), ben([['a', 3]])), 250).gained, [
    { key: 'a b', chunks: 3 },
  ]);
});

test('a count that falls, another track, a stranger and oneself give no chunks', () => {
  const model = new SwarmModel();
  model.update(swarm(ana(), ben([['a', 90]])), 0);
  assert.deepEqual(model.update(swarm(ana(), ben([['a', 3]])), 250).gained, []);
  const other = ben([['a', 50]], { track_id: 'd'.repeat(64) });
  assert.deepEqual(model.update(swarm(ana(), other), 500).gained, []);
  const odd = ben([
    ['nobody', 50],
    ['b', 50],
  ]);
  assert.deepEqual(model.update(swarm(ana(), odd), 750).gained, []);
  assert.deepEqual(model.chords(750), []);
});

for (const everyMs of [250, 1000, 2000]) {
  test(`steps every ${everyMs} ms make a steady rate, which fades when they stop`, () => {
    const model = new SwarmModel();
    let chunks = 0;
    let nowMs = 0;
    for (; nowMs <= 14_000; nowMs += 250) {
      if (nowMs % everyMs === 0) chunks += (everyMs * 40) / 1000;
      model.update(swarm(ana(), ben([['a', chunks]])), nowMs);
      if (nowMs < 10_000) continue;
      const { rate } = model.chords(nowMs)[0];
      assert.ok(Math.abs(rate / (40 * CHUNK) - 1) < 0.02, `${rate} at ${nowMs} ms`);
    }
    assert.ok(model.chords(nowMs + 1000)[0].rate > 0, 'a late message is no end');
    const later = model.chords(nowMs + 12_000)[0];
    assert.deepEqual([later.rate, later.isMoving], [0, false]);
  });
}

test('who becomes whole while somebody looks is told once', () => {
  const model = new SwarmModel();
  const told = [319, 320, 320].map(
    (have, index) => model.update(swarm(ana(have)), index * 250).completed,
  );
  assert.deepEqual(told, [[], ['a'], []]);
});

test('traffic of a node and of all', () => {
  const chord = (giver, taker, rate) => ({ key: `${giver} ${taker}`, giver, taker, rate });
  const chords = [chord('a', 'b', 10), chord('c', 'b', 30), chord('b', 'd', 5), chord('d', 'b', 0)];
  assert.deepEqual(trafficOf('b', chords), {
    takes: 40,
    takesFrom: ['c', 'a'],
    gives: 5,
    givesTo: ['d'],
  });
  const nodes = readNodes(swarm(ana(), ben([]), nodeOf('c', 'C', 0, { have_count: undefined })));
  const sum = totals(nodes, chords);
  assert.deepEqual([sum.count, sum.seeds, sum.rate, sum.tracks], [3, 1, 45, 1]);
  assert.equal(totals([], []).share, null);
});

test('what the server has of each track is remembered while it tells of another', () => {
  const server = (id, have) =>
    swarm(ana(), nodeOf('s', '', have, { server: true, track_id: id.repeat(64) }));
  let known = withServersShare(new Map(), server('c', 32));
  known = withServersShare(known, server('d', 160));
  assert.deepEqual([...known.values()], [0.1, 0.5]);
  assert.equal(withServersShare(known, server('d', 161)), known, 'no whole percent more');
  assert.equal(withServersShare(known, server('c', 48)).get('c'.repeat(64)), 0.15);
  for (const nothing of [null, {}, { nodes: 7 }, { nodes: [null, 3] }, swarm(ana()), swarm()]) {
    assert.equal(withServersShare(known, nothing), known);
  }
  for (let number = 0; number < 200; number += 1) {
    const id = number.toString(16).padStart(64, '0');
    known = withServersShare(known, swarm(nodeOf('s', '', 1, { server: true, track_id: id })));
  }
  assert.equal(known.size, 64);
});
