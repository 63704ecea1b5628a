// How messages of the server change what the page knows about its room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyMessage,
  emptyRoom,
  findTrack,
  neighbour,
  reportStatus,
} from '../../../src/web/room-model.js';

const payload = (changes) => ({
  track_id: null,
  status: 'PAUSE',
  offset_sec: 0,
  timestamp: 1762569219.7,
  ...changes,
});
const state = (changes) => ({ type: 'STATE', payload: payload(changes) });
const members = (...list) => ({ type: 'MEMBERS', total: list.length, members: list });
const ana = { peer_id: 'p1', name: 'Ana', role: 'host' };
const ben = { peer_id: 'p2', name: 'Ben', role: 'viewer' };

function run(...messages) {
  let room = emptyRoom();
  let happened = [];
  for (const message of messages) ({ room, happened } = applyMessage(room, message));
  return { room, happened };
}

test('a new track is told, a seek in it is not', () => {
  assert.deepEqual(run(state()).happened, ['state']);
  assert.deepEqual(run(state({ track_id: 'a' })).happened, ['state', 'track']);
  const seek = run(state({ track_id: 'a' }), state({ track_id: 'a', offset_sec: 9 }));
  assert.deepEqual(seek.happened, ['state']);
  assert.equal(seek.room.state.offset_sec, 9);
});

test('the same track picked once more is told, its repeated state is not', () => {
  const first = state({ track_id: 'a', status: 'PLAY' });
  const again = state({ track_id: 'a', status: 'PLAY', timestamp: 1762569300 });
  assert.deepEqual(run(first, again).happened, ['state', 'again']);
  assert.deepEqual(run(first, first).happened, ['state']);
  const seek = state({ track_id: 'a', status: 'PLAY', offset_sec: 9, timestamp: 1762569300 });
  assert.deepEqual(run(first, seek).happened, ['state']);
});

test('a malformed state changes nothing', () => {
  const good = state({ track_id: 'a', status: 'PLAY' });
  for (const bad of [
    { track_id: 7 },
    { status: 'STOP' },
    { offset_sec: null },
    { offset_sec: '3' },
    { timestamp: undefined },
  ]) {
    const { room, happened } = run(good, state(bad));
    assert.equal(room.state.track_id, 'a');
    assert.deepEqual(happened, []);
  }
  assert.equal(run(good, { type: 'STATE' }).room.state.track_id, 'a');
});

test('hosts come, leave and are remembered', () => {
  const came = run(members(ana, ben));
  assert.deepEqual(came.happened, ['members', 'host-came']);
  const left = run(members(ana, ben), members(ben));
  assert.deepEqual(left.happened, ['members', 'host-left']);
  assert.equal(left.room.host, null);
  assert.equal(left.room.lastHostName, 'Ana');
  const other = run(members(ana, ben), members({ ...ben, role: 'host' }));
  assert.deepEqual(other.happened, ['members', 'host-came']);
});

test('the same host again is no news', () => {
  assert.deepEqual(run(members(ana), members(ana, ben)).happened, ['members']);
});

test('lists are bounded and bad entries are left out', () => {
  const tracks = Array.from({ length: 3000 }, (_, i) => ({ track_id: `t${i}` }));
  const { room } = run({ type: 'QUEUE', tracks: [null, {}, 'x', ...tracks] });
  assert.equal(room.tracks.length, 1000);
  assert.equal(room.tracksKnown, true);
  const many = Array.from({ length: 900 }, (_, i) => ({ ...ben, peer_id: `p${i}` }));
  const crowd = run({ type: 'MEMBERS', total: 900, members: [{}, ...many] }).room;
  assert.equal(crowd.members.length, 200);
  assert.equal(crowd.total, 900);
  assert.equal(run({ type: 'MEMBERS', members: null }).room.total, 0);
  assert.equal(findTrack(room, 't5').track_id, 't5');
  assert.equal(findTrack(room, 'nope'), null);
});

test('unknown messages are ignored', () => {
  const room = emptyRoom();
  for (const message of [null, {}, { type: 'NEWS' }, { type: 'PEERS', peers: [] }]) {
    assert.equal(applyMessage(room, message).room, room);
  }
});

test('previous and next go round the list', () => {
  const tracks = [{ track_id: 'a' }, { track_id: 'b' }, { track_id: 'c' }];
  assert.equal(neighbour(tracks, 'c', 1).track_id, 'a');
  assert.equal(neighbour(tracks, 'a', -1).track_id, 'c');
  assert.equal(neighbour(tracks, 'gone', 1).track_id, 'a');
  assert.equal(neighbour(tracks, null, -1).track_id, 'c');
  assert.equal(neighbour([], 'a', 1), null);
});

test('every phase of the player is a status that the protocol knows', () => {
  const phases = ['idle', 'locked', 'blocked', 'loading', 'ready', 'catching-up'];
  const known = 'idle loading ready playing paused ended blocked failed'.split(' ');
  for (const phase of [...phases, 'playing', 'paused', 'ended', 'failed']) {
    assert.ok(known.includes(reportStatus(phase)), phase);
  }
  assert.equal(reportStatus('catching-up'), 'loading');
  assert.equal(reportStatus('locked'), 'blocked');
});
