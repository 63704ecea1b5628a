// What the page says about the swarm.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  headlineWords,
  machineWords,
  nodeLabel,
  nodeWords,
  rowWords,
  seedCommand,
} from '../../../src/web/swarm-words.js';

const totals = { count: 9, seeds: 3, share: 0.64, rate: 11e6, tracks: 1 };
const still = { takes: 0, takesFrom: [], gives: 0, givesTo: [] };
const node = (more) => ({
  id: 'a',
  name: "Ana's laptop",
  isServer: false,
  share: 0.53,
  isFull: false,
  dialable: true,
  unreachable: [],
  ...more,
});
const NAMES = { b: 'Ben', c: 'Cleo', d: 'Dora', s: 'The server' };
const nameOf = (id) => NAMES[id] ?? null;
const say = (who, traffic = still, more = {}) =>
  nodeWords(node(who), { traffic: { ...still, ...traffic }, nameOf, ...more });

test('the headline', () => {
  assert.equal(headlineWords(totals), '9 nodes, 3 seeds; 64\u202f% held; 11\u00a0MB/s in all');
  assert.match(headlineWords({ ...totals, seeds: 1 }), /1 seed;/);
  assert.match(headlineWords({ ...totals, seeds: 0, rate: 0 }), /no seed; .*nothing moves/);
  assert.doesNotMatch(headlineWords({ ...totals, share: null }), /held/);
  assert.equal(headlineWords({ ...totals, seeds: 9 }), 'All 9 nodes have the whole track.');
  assert.match(headlineWords({ ...totals, seeds: 9, tracks: 2 }), /their whole tracks/);
  assert.equal(headlineWords({ ...totals, count: 1, seeds: 1 }), 'One node, with the whole track');
  assert.equal(headlineWords({ ...totals, count: 1, seeds: 0 }), 'One node so far');
  assert.equal(headlineWords({ ...totals, count: 0 }), 'No swarm yet.');
});

test('what a node gives and takes', () => {
  assert.equal(
    say({}, { takes: 1.2e6, takesFrom: ['b', 'c', 'd'], gives: 8e5, givesTo: ['b', 'c', 'd'] }),
    "Ana's laptop has 53\u202f%. Takes 1.2\u00a0MB/s from Ben and 2 others, gives 800\u00a0KB/s to 3.",
  );
  assert.match(say({}, { takes: 1e6, takesFrom: ['s', 'b'] }), /from the server and Ben\.$/);
  assert.match(say({}, { gives: 1e6, givesTo: ['s'] }), /Gives 1.0\u00a0MB\/s to the server\.$/);
  assert.match(say({}, { takes: 1e6, takesFrom: ['gone'] }), /from somebody who has left\.$/);
  assert.match(say({}), /Takes nothing right now\.$/);
});

test('what a node holds', () => {
  assert.equal(say({ share: 1, isFull: true }), "Ana's laptop has the whole track.");
  assert.match(say({ share: 0 }), /has nothing of the track yet\./);
  assert.match(say({ share: null }), /has not said what it holds\./);
  assert.match(say({}, {}, { title: 'Prelude in C' }), /has 53\u202f% of Prelude in C\./);
  const alone = say({ share: 1, isFull: true }, {}, { alone: true });
  assert.match(alone, /It waits for somebody to give it to\./);
});

test('who cannot be dialled, and whom it cannot reach', () => {
  assert.match(say({ dialable: false }), /Cannot be dialled; it dials the others\.$/);
  assert.doesNotMatch(say({ dialable: null }), /dial/);
  assert.match(say({ unreachable: ['b', 'gone'] }), /It could not reach Ben\.$/);
});

test('the server plays to listeners besides', () => {
  const server = { name: 'The server', isServer: true, share: 1, isFull: true };
  assert.equal(
    say(server, {}, { listeners: 12 }),
    'The server has the whole track. It plays to 12 listeners besides.',
  );
  assert.match(say(server, {}, { listeners: 1 }), /1 listener besides/);
});

test('labels, rows and machines', () => {
  assert.equal(nodeLabel(node({})), "Ana's laptop, 53\u202f%");
  assert.equal(
    nodeLabel(node({ isFull: true, dialable: false })),
    "Ana's laptop, has the whole track, cannot be dialled",
  );
  assert.deepEqual(
    rowWords(node({ dialable: false }), {
      traffic: { ...still, takes: 1e6, takesFrom: ['b', 'c'] },
    }),
    {
      holds: '53\u202f%',
      takes: ['1.0\u00a0MB/s', 'from 2'],
      gives: ['–', ''],
      note: 'cannot be dialled',
    },
  );
  assert.equal(rowWords(node({ share: null }), { traffic: still }).holds, 'not known');
  assert.equal(machineWords(node({ isFull: true })), 'seeding');
  assert.equal(machineWords(node({})), 'has 53\u202f%');
  assert.equal(machineWords(undefined), 'moves chunks');
});

test('the command names the room as a laptop reaches it', () => {
  assert.equal(
    seedCommand('http://192.168.1.20:8000/jam1'),
    'jam seed song.mp3 --room ws://192.168.1.20:8000/ws/jam1',
  );
  assert.match(seedCommand('https://jam.example/jam1'), /wss:\/\/jam\.example\/ws\/jam1$/);
});
