// What the page says: the chip, the stage and the one notice that matters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  noticeWords,
  refusalNotice,
  seatGivenNotice,
  seatTakenNotice,
  unsentNotice,
} from '../../../src/web/notices.js';
import {
  chipWords,
  crowdWords,
  lobbyWords,
  nameList,
  newsWords,
  reportWords,
  stageWords,
} from '../../../src/web/words.js';

const plain = (text) => text.replaceAll('\u202f', ' ');

test('the crowd line says who hosts and how many listen', () => {
  assert.equal(
    crowdWords({ hostName: 'Ana', isHost: false, total: 12 }),
    'Ana is hosting · 12 listening',
  );
  assert.equal(
    crowdWords({ hostName: 'Ana', isHost: true, total: 1 }),
    'You are hosting · only you here',
  );
  assert.equal(crowdWords({ hostName: null, isHost: false, total: 0 }), 'Nobody is hosting');
});

test('the lobby says whose party it is', () => {
  const look = { hostName: 'Ana', total: 3, title: 'Prelude', playing: true };
  assert.equal(lobbyWords(look), 'Ana is playing Prelude');
  assert.equal(lobbyWords({ ...look, playing: false }), 'Ana has paused Prelude');
  assert.match(lobbyWords({ ...look, total: 0 }), /Be the first/);
  assert.equal(nameList(['Ana'], 1), 'Ana');
  assert.equal(nameList(['Ana', 'Ben'], 2), 'Ana and Ben');
  assert.equal(nameList(['Ana', 'Ben', 'Cleo', 'Dan'], 12), 'Ana, Ben, Cleo and 9 others');
});

test('the chip says how it sounds, or why it does not', () => {
  const chip = (view) => plain(chipWords({ connection: 'open', ...view }).text);
  assert.equal(chip({ phase: 'playing', errorMs: 0.63 }), 'in sync, 0.6 ms');
  assert.equal(chip({ phase: 'playing', errorMs: -38 }), '38 ms behind');
  assert.equal(chip({ phase: 'playing', errorMs: null }), 'playing', 'nothing measured yet');
  assert.equal(chip({ phase: 'loading', loaded: 0.62 }), 'loading 62 %');
  assert.equal(chip({ phase: 'blocked' }), 'sound is off');
  assert.equal(chipWords({ connection: 'reconnecting', phase: 'playing' }).text, 'reconnecting');
});

const PLAYING = { track_id: 'abc', status: 'PLAY', offset_sec: 0, timestamp: 1 };
const VIEW = {
  room: 'jam1',
  state: PLAYING,
  track: { track_id: 'abc', name: 'Prelude.wav' },
  trackCount: 1,
  canControl: false,
  hostName: 'Ana',
  phase: 'playing',
};

test('the stage offers the one action that helps', () => {
  const action = (changes) => stageWords({ ...VIEW, ...changes }).action;
  assert.equal(action({}), null);
  assert.equal(action({ phase: 'locked' }), 'hear');
  assert.equal(action({ phase: 'blocked' }), 'hear');
  assert.equal(action({ phase: 'failed', reason: 'network' }), 'retry');
  assert.equal(action({ phase: 'failed', reason: 'unknown-track' }), null);
  assert.equal(action({ phase: 'failed', reason: 'no-audio-support' }), null);
});

test('the stage has words for every phase and every reason', () => {
  const phases = ['locked', 'blocked', 'loading', 'ready', 'catching-up'];
  const reasons = ['unknown-track', 'network', 'decode', 'no-audio-support', null];
  for (const phase of [...phases, 'paused', 'ended']) {
    assert.notEqual(stageWords({ ...VIEW, phase }).status, '', phase);
  }
  for (const reason of reasons) {
    const words = stageWords({ ...VIEW, phase: 'failed', reason });
    assert.notEqual(words.status, '', reason);
    assert.equal(words.tone, 'bad');
  }
});

test('an empty room tells the host what to do and guests whom to wait for', () => {
  const state = { ...PLAYING, track_id: null, status: 'PAUSE' };
  const title = (changes) => stageWords({ ...VIEW, state, ...changes }).title;
  assert.equal(title({ canControl: true, trackCount: 2 }), 'Pick a track');
  assert.equal(title({ canControl: true, trackCount: 0 }), 'Nothing to play yet');
  assert.equal(title({}), 'Waiting for Ana to pick something');
  assert.equal(title({ hostName: null }), 'Nothing is playing yet');
  assert.equal(title({ state: null }), 'Joining jam1');
  const host = { canControl: true, trackCount: 0, canAdd: true };
  assert.equal(stageWords({ ...VIEW, state, ...host }).action, 'add');
  assert.equal(stageWords({ ...VIEW, state, ...host, uploading: true }).action, null);
  assert.equal(title({ ...host, uploading: true }), 'The first song is on its way');
  const helper = { canAdd: true };
  assert.equal(stageWords({ ...VIEW, state, ...helper, trackCount: 0 }).action, 'add');
  assert.equal(title({ ...helper, trackCount: 2 }), 'Waiting for Ana to pick something');
  const words = stageWords({ ...VIEW, state, ...helper, trackCount: 0, uploading: true });
  assert.doesNotMatch(words.status, /you/, 'who adds it does not play it');
});

test('the end of the queue is told, and who can mend it', () => {
  const ended = { ...VIEW, state: { ...PLAYING, status: 'PAUSE' }, phase: 'paused' };
  const status = (changes) => stageWords({ ...ended, queueEnded: true, ...changes }).status;
  assert.equal(status({}), 'That was the last one. Ana can add more.');
  assert.equal(status({ hostName: null }), 'That was the last one.');
  assert.equal(status({ canAdd: true }), 'That was the last one. You can add more.');
  assert.match(status({ canControl: true, canAdd: true }), /Add music/);
  assert.doesNotMatch(status({ canControl: true, canAdd: false }), /Add music/);
});

test('the line under the title names artist and album', () => {
  const track = { track_id: 'abc', title: 'Prelude', artist: 'Bach', album: 'Well' };
  assert.equal(stageWords({ ...VIEW, track }).artist, 'Bach · Well');
  assert.equal(stageWords({ ...VIEW, track: null }).artist, '');
});

test('what has happened is said in one go', () => {
  const room = { state: PLAYING, host: { peer_id: 'p1', name: 'Ana' }, peerId: 'p2' };
  assert.equal(newsWords(['state', 'track'], room, 'Prelude'), 'Now playing: Prelude.');
  assert.equal(newsWords(['members', 'host-came'], room, ''), 'Ana is hosting now.');
  assert.equal(newsWords(['host-came'], { ...room, peerId: 'p1' }, ''), 'You are hosting.');
  assert.equal(newsWords(['host-left'], room, ''), '', 'the notice says it');
  assert.equal(newsWords(['host-back'], room, ''), '');
  assert.equal(newsWords(['state'], room, 'Prelude'), '');
  const arrived = [{ track_id: 'a', name: 'a.wav' }];
  assert.equal(newsWords(['tracks', 'arrived'], { ...room, arrived }, ''), 'a has arrived.');
  const many = { ...room, arrived: [...arrived, ...arrived] };
  assert.equal(newsWords(['tracks', 'arrived'], many, ''), '2 tracks have arrived.');
});

const OPEN = {
  connection: 'open',
  trouble: null,
  online: true,
  sounding: true,
  membersKnown: true,
  isHost: false,
  hostName: 'Ana',
  lastHostName: 'Ana',
  keptSec: null,
  seatSettled: true,
  playing: true,
  updated: false,
  flash: null,
};

test('the most important notice wins', () => {
  const id = (changes) => noticeWords({ ...OPEN, ...changes })?.id ?? null;
  const flash = seatTakenNotice({ hostName: 'Ben' });
  assert.equal(id({}), null);
  assert.equal(id({ hostName: null }), 'host-gone');
  assert.equal(id({ hostName: null, seatSettled: false }), null, 'only loading again, maybe');
  assert.equal(id({ hostName: null, keptSec: 12 }), 'host-lost');
  assert.equal(id({ hostName: null, lastHostName: null }), 'no-host');
  assert.equal(id({ hostName: null, membersKnown: false }), null);
  assert.equal(id({ hostName: null, isHost: true }), null);
  assert.equal(id({ hostName: null, flash }), 'seat-taken');
  assert.equal(id({ updated: true, flash }), 'updated');
  assert.equal(id({ connection: 'reconnecting', updated: true }), 'reconnecting');
  assert.equal(id({ connection: 'connecting' }), null);
  assert.equal(id({ connection: 'connecting', trouble: 'full' }), 'full');
  assert.equal(id({ connection: 'reconnecting', online: false }), 'offline');
});

test('what could not be sent is told in spite of the lost connection, and only then', () => {
  const id = (connection) => noticeWords({ ...OPEN, connection, flash: unsentNotice() }).id;
  assert.equal(id('reconnecting'), 'unsent');
  assert.equal(id('connecting'), 'unsent');
});

test('a lost connection only promises music that is really heard', () => {
  const text = (sounding) => noticeWords({ ...OPEN, connection: 'reconnecting', sounding }).text;
  assert.equal(text(true), 'Connection lost. The music goes on; reconnecting.');
  assert.equal(text(false), 'Connection lost. Reconnecting.');
});

test('a free seat is offered, and a kept one counts down without a button', () => {
  const seat = (changes) => noticeWords({ ...OPEN, hostName: null, ...changes });
  const free = seat({});
  assert.deepEqual(
    [free.text, free.label, free.action],
    ['Ana left. The music plays on.', 'Take over', 'seat'],
  );
  assert.equal(seat({ playing: false }).text, 'Ana left.');
  assert.equal(seat({ lastHostName: null, seatSettled: false }).label, 'Host');
  const kept = seat({ keptSec: 12 });
  assert.equal(kept.text, 'Ana lost the connection. The music plays on. The seat is kept.');
  assert.deepEqual([kept.count, kept.action], ['12 s', null]);
  assert.equal(kept.text, seat({ keptSec: 11 }).text, 'it is read out once');
  assert.equal(seat({ keptSec: NaN }).count, '');
});

test('who comes too late, or is given the seat, is told by whom', () => {
  assert.match(seatTakenNotice({ hostName: 'Ben' }).text, /^Ben is hosting now/);
  assert.match(seatTakenNotice({ hostName: null }).text, /^Somebody else/);
  assert.equal(seatGivenNotice('Ana').text, 'Ana made you the host.');
});

test('a refusal is told without the machinery', () => {
  const text = (message) => refusalNotice(message).text;
  assert.equal(text('Only host can control'), 'Only the host can do that.');
  assert.equal(text('TAKE_SEAT: Ana hosts this room'), 'Ana hosts this room.');
  assert.equal(
    text('TAKE_SEAT: the seat is kept for Ana for 12 more seconds'),
    'The seat is kept for Ana for 12 more seconds.',
  );
  assert.equal(text('KICK: no member "p1" in this room'), 'They are not here any more.');
  assert.ok(text('x'.repeat(9999)).length < 300);
});

test('reports of other members are read carefully', () => {
  assert.equal(plain(reportWords({ status: 'playing', error_ms: -7.2 })), '7.2 ms');
  assert.equal(reportWords({ status: 'playing', error_ms: 'no' }), 'playing');
  assert.equal(plain(reportWords({ status: 'loading', loaded: 0.62 })), 'loading 62 %');
  assert.equal(reportWords({ status: 'loading', loaded: 1 }), 'catching up');
  assert.equal(reportWords({ status: 'singing' }), '');
  assert.equal(reportWords(undefined), '');
});

test('no sentence for people mentions the machinery', () => {
  const views = ['full', 'crowd', 'rooms', 'misfit', 'stopping', 'unreachable', null];
  for (const trouble of views) {
    for (const connection of ['connecting', 'reconnecting']) {
      const text = noticeWords({ ...OPEN, connection, trouble })?.text ?? '';
      assert.doesNotMatch(text, /WebSocket|HTTP|\b1\d{3}\b|HELLO|null|undefined/);
    }
  }
});

test('a start that waits says for how many and how long, and the host need not wait', () => {
  const waiting = { ready: 1, of: 3, leftSec: null };
  const view = { ...VIEW, state: { ...PLAYING, status: 'PAUSE' }, phase: 'paused', waiting };
  const words = (changes) => stageWords({ ...view, ...changes });
  assert.equal(words({}).status, 'Waiting for others: 1 of 3 ready');
  assert.equal(words({}).action, null);
  assert.equal(words({ canControl: true }).action, 'start');
  const soon = { ...waiting, leftSec: 1.2 };
  assert.equal(
    words({ waiting: soon }).status,
    'Waiting for others: 1 of 3 ready, at most 2 s more',
  );
  assert.match(words({ phase: 'loading', loaded: 0.5 }).status, /Loading/, 'the own part first');
});
