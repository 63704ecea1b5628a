// How messages of the server change what the page knows about its room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyMessage,
  coverUrl,
  emptyRoom,
  findTrack,
  queuePlace,
  readTrack,
  waitingAt,
} from '../../../src/web/room-model.js';
import { reportStatus } from '../../../src/web/reporter.js';

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

test('what the room awaited and has got is told', () => {
  const queue = (...tracks) => ({ type: 'QUEUE', tracks });
  const track = (id, awaited) => ({ track_id: id, name: `${id}.wav`, awaited });
  const first = run(queue(track('a', true), track('b', true), track('c'), track('d', 'yes')));
  assert.deepEqual(first.happened, ['tracks']);
  assert.deepEqual(
    first.room.tracks.map((track) => track.awaited),
    [true, true, undefined, undefined],
  );
  const { room, happened } = run(
    queue(track('a', true), track('b', true), track('e', true)),
    queue(track('a'), track('c'), track('e', true)),
  );
  assert.deepEqual(happened, ['tracks', 'arrived']);
  assert.deepEqual(
    room.arrived.map((track) => track.track_id),
    ['a'],
  );
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
  assert.deepEqual(run(members(ana), members(ben), members(ana)).happened, [
    'members',
    'host-back',
  ]);
  const other = run(members(ana, ben), members({ ...ben, role: 'host' }));
  assert.deepEqual(other.happened, ['members', 'host-came']);
});

const rights = (changes) => ({ type: 'RIGHTS', room: 'jam1', guests: 'nothing', ...changes });
const seat = ({ peer_id, name }) => ({ host: { peer_id, name } });

test('where the room tells the rights, they say who hosts, and not the list of members', () => {
  const first = run(members(ana, ben), rights(seat(ana)));
  assert.deepEqual(first.happened, ['rights']);
  const moved = run(members(ana, ben), rights(seat(ana)), rights(seat(ben)));
  assert.deepEqual(moved.happened, ['rights', 'host-came']);
  const late = run(members(ana), rights(seat(ben)), members(ana, ben));
  assert.deepEqual(late.happened, ['members']);
  assert.equal(late.room.host.name, 'Ben');
  assert.equal(late.room.members.length, 2);
});

test('a seat is kept for who lost the connection, then free, then somebody’s', () => {
  const kept = { kept: { peer_id: 'p1', name: 'Ana', until: 1762569240.5 } };
  const lost = run(rights(seat(ana)), rights(kept));
  assert.deepEqual(lost.happened, ['rights', 'host-left']);
  assert.deepEqual([lost.room.host, lost.room.kept.until], [null, 1762569240.5]);
  const free = run(rights(seat(ana)), rights(kept), rights());
  assert.deepEqual(free.happened, ['rights']);
  assert.deepEqual([free.room.kept, free.room.lastHostName], [null, 'Ana']);
  assert.deepEqual(run(rights(kept), rights(seat(ben))).happened, ['rights', 'host-came']);
  assert.equal(run(rights(kept)).room.lastHostName, 'Ana', 'for who comes meanwhile');
  assert.deepEqual(run(rights(seat(ana)), rights(kept), rights(seat(ana))).happened, [
    'rights',
    'host-back',
  ]);
});

test('what guests may do is news only when it changes', () => {
  assert.deepEqual(run(rights({ guests: 'add' })).happened, ['rights']);
  const more = run(rights(), rights({ guests: 'vote' }));
  assert.deepEqual(more.happened, ['rights', 'guests']);
  assert.equal(more.room.guests, 'vote');
  assert.equal(run(rights({ guests: 'dance' })).room.guests, 'nothing');
});

test('rights with the wrong shape give nobody anything', () => {
  for (const bad of [
    { host: 'Ana' },
    { host: { peer_id: 7 } },
    { kept: { peer_id: 'p1', until: '9' } },
    { kept: { until: 9 } },
    { guests: ['everything'] },
  ]) {
    const { room } = run(rights(bad));
    assert.deepEqual([room.host, room.kept, room.guests], [null, null, 'nothing']);
  }
});

test('an older server than the one before has no rights to tell', () => {
  const welcome = { type: 'WELCOME', version: '1', upload_key: '5c0e'.repeat(8) };
  const known = (...messages) => run(rights(seat(ana)), ...messages).room.rightsKnown;
  assert.equal(known({ ...welcome, token: 'a'.repeat(32) }), true);
  assert.equal(known(welcome), false);
  assert.equal(run(rights(seat(ana)), welcome, members(ben)).room.host, null);
});

test('votes belong to the current track and end with it', () => {
  const votes = (track_id, more) => ({ type: 'VOTES', track_id, votes: 1, needed: 2, ...more });
  const playing = state({ track_id: 'a', status: 'PLAY' });
  const { room, happened } = run(playing, votes('a'));
  assert.deepEqual(happened, ['votes']);
  assert.deepEqual(room.votes, { trackId: 'a', votes: 1, needed: 2 });
  assert.equal(run(playing, votes('b')).room.votes, null);
  assert.equal(run(playing, votes('a', { votes: -1 })).room.votes, null);
  assert.equal(run(playing, votes('a'), state({ track_id: 'b' })).room.votes, null);
  const seek = state({ track_id: 'a', status: 'PLAY', offset_sec: 9 });
  assert.equal(run(playing, votes('a'), seek).room.votes.votes, 1);
});

test('machines that only move chunks are no listeners', () => {
  const nas = { peer_id: 'p9', name: 'nas', role: 'viewer', node: true };
  const { room } = run(members(ana, nas, ben));
  assert.deepEqual(room.members, [ana, ben]);
  assert.deepEqual(room.machines, [nas]);
  assert.equal(room.total, 2);
  assert.equal(run({ type: 'MEMBERS', total: 900, members: [ana, nas] }).room.total, 899);
  const odd = run(members(ana, { ...ben, node: 'yes' })).room;
  assert.deepEqual([odd.members.length, odd.total], [2, 2]);
  assert.equal(run(members({ ...nas, role: 'host' })).room.host.name, 'nas');
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

test('there is a next track until the last', () => {
  const tracks = [{ track_id: 'a' }, { track_id: 'b' }, { track_id: 'c' }];
  assert.deepEqual(queuePlace(tracks, 'a'), { at: 0, hasNext: true, hasPrevious: false });
  assert.deepEqual(queuePlace(tracks, 'c'), { at: 2, hasNext: false, hasPrevious: true });
  assert.deepEqual(queuePlace(tracks, 'gone'), { at: -1, hasNext: true, hasPrevious: false });
  assert.deepEqual(queuePlace([], null), { at: -1, hasNext: false, hasPrevious: false });
});

const ID = 'c34b4ce12be22e3f92ade1cc20d46caed00dc006e5b423dad71487182140c8e9';

test('of a track only what has the right type is believed', () => {
  const good = {
    track_id: ID,
    name: 'a.opus',
    bytes: 5,
    content_type: 'audio/ogg',
    duration_sec: 60.5,
    title: 'A',
    artist: 'B',
    album: 'C',
    cover: true,
    added_by: 'Ana',
    added_by_id: 'p1',
  };
  assert.deepEqual(readTrack(good), good);
  const bad = { ...good, name: 7, bytes: '5', duration_sec: -1, title: ['x'], artist: {} };
  assert.deepEqual(
    readTrack({ ...bad, album: ' ', added_by: null, added_by_id: 7, cover: 'yes', extra: 1 }),
    {
      track_id: ID,
      content_type: 'audio/ogg',
    },
  );
  assert.equal(readTrack({ ...good, title: 'x'.repeat(9999) }).title.length, 300);
});

test('a cover has an address only for an id that is one', () => {
  assert.equal(coverUrl({ track_id: ID, cover: true }), `/tracks/${ID}/cover`);
  for (const track of [
    null,
    { track_id: ID },
    { track_id: '../../x', cover: true },
    { track_id: ID.toUpperCase(), cover: true },
  ]) {
    assert.equal(coverUrl(track), null);
  }
  assert.equal(readTrack({ track_id: '../../x', cover: true }).cover, undefined);
});

test('a track is in the queue once', () => {
  const { room } = run({
    type: 'QUEUE',
    tracks: [{ track_id: 'a' }, { track_id: 'a', name: 'b' }],
  });
  assert.deepEqual(room.tracks, [{ track_id: 'a', name: 'b' }]);
});

test('an upload key makes the queue editable, and a new connection needs a new one', () => {
  const key = '5c0e'.repeat(8);
  const welcome = (upload_key) => ({ type: 'WELCOME', version: '1', upload_key });
  const { room } = run(welcome(key));
  assert.deepEqual([room.uploadKey, room.editable], [key, true]);
  for (const bad of [undefined, 7, '', 'x y', `${key}\n`]) {
    const { uploadKey, editable } = run(welcome(key), welcome(bad)).room;
    assert.deepEqual([uploadKey, editable], [null, false]);
  }
  const again = run(welcome(key), { type: 'PEER', peer_id: 'p2' }).room;
  assert.deepEqual([again.uploadKey, again.editable], [null, true], 'until WELCOME says');
});

test('the history comes once and grows', () => {
  const entry = (at) => ({ track_id: 'a', name: 'a.mp3', at });
  const history = (...played) => ({ type: 'HISTORY', played });
  const { room } = run(history(entry(1), entry(2)), { type: 'PLAYED', entry: entry(3) });
  assert.deepEqual(room.played, [entry(1), entry(2), entry(3)]);
  assert.equal(room.historyKnown, true);
  assert.equal(emptyRoom().historyKnown, false);
  const bad = [null, {}, entry('now'), entry(NaN), entry(1e300), { at: 1 }];
  assert.deepEqual(run(history(...bad)).room.played, []);
  assert.deepEqual(run({ type: 'HISTORY', played: 'x' }).room.played, []);
  const many = Array.from({ length: 300 }, (_, at) => entry(at));
  assert.equal(run(history(...many)).room.played.length, 100);
  assert.equal(run(history(...many)).room.played.at(-1).at, 299);
});

test('the last track at its start again, after it played, is the end of the queue', () => {
  const queue = { type: 'QUEUE', tracks: [{ track_id: 'a' }, { track_id: 'b' }] };
  const ended = (...messages) => run(queue, ...messages).room.queueEnded;
  const plays = (track_id) => state({ track_id, status: 'PLAY' });
  const stops = (track_id) => state({ track_id, timestamp: 1762569300 });
  assert.equal(ended(plays('b'), stops('b')), true);
  assert.equal(ended(plays('b'), stops('b'), stops('b')), true);
  assert.equal(ended(plays('a'), stops('a')), false, 'there is another one');
  assert.equal(ended(plays('b'), state({ track_id: 'b', offset_sec: 9 })), false, 'paused');
  assert.equal(ended(plays('b'), stops('b'), plays('b')), false);
  assert.equal(ended(plays('a'), stops('b')), false, 'another one was put on');
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

test('a start that waits is known until it is over, and counts down', () => {
  const waiting = { type: 'WAITING', track_id: 'a', ready: 1, of: 3, until: 110.5 };
  const { room, happened } = run(state({ track_id: 'a' }), waiting);
  assert.deepEqual(happened, ['waiting']);
  assert.deepEqual(waitingAt(room, 108), {
    trackId: 'a',
    ready: 1,
    of: 3,
    untilSec: 110.5,
    leftSec: 2.5,
  });
  assert.equal(waitingAt(room, NaN).leftSec, null, 'a clock that is not known yet');
  assert.equal(waitingAt(run(state(), waiting).room, 108), null, 'of another track');
  const nobody = { ...waiting, until: undefined, ready: 0 };
  assert.equal(waitingAt(run(state({ track_id: 'a' }), nobody).room, 108).leftSec, null);
  for (const over of [
    { type: 'WAITING' },
    { ...waiting, ready: 'x' },
    { type: 'PEER', peer_id: 'p' },
  ]) {
    const after = run(state({ track_id: 'a' }), waiting, over).room;
    assert.equal(waitingAt(after, 108), null, JSON.stringify(over));
  }
});

test('another key is told once it has changed on this connection, and never on a new one', () => {
  const peer = { type: 'PEER', peer_id: 'p2' };
  const rights = (lockChanges) => ({
    type: 'RIGHTS',
    guests: 'nothing',
    locked: true,
    lock_changes: lockChanges,
  });
  const tells = (...messages) => run(...messages).happened.includes('lock');
  assert.ok(!tells(peer, rights(2)));
  assert.ok(!tells(peer, rights(2), rights(2)));
  assert.ok(tells(peer, rights(2), rights(3)));
  assert.ok(tells(peer, rights(undefined), rights(1)));
  assert.ok(!tells(peer, rights(3), peer, rights(1)));
});
