// What the page says: the chip, the stage and the one notice that matters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  noticeWords,
  refusalNotice,
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
  isHost: false,
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
  assert.equal(title({ isHost: true, trackCount: 2 }), 'Pick a track');
  assert.equal(title({ isHost: true, trackCount: 0 }), 'Nothing to play yet');
  assert.equal(title({}), 'Waiting for Ana to pick something');
  assert.equal(title({ hostName: null }), 'Nothing is playing yet');
  assert.equal(title({ state: null }), 'Joining jam1');
  const host = { isHost: true, trackCount: 0, canAdd: true };
  assert.equal(stageWords({ ...VIEW, state, ...host }).action, 'add');
  assert.equal(stageWords({ ...VIEW, state, ...host, uploading: true }).action, null);
  assert.equal(title({ ...host, uploading: true }), 'The first song is on its way');
});

test('the end of the queue is told, and who can mend it', () => {
  const ended = { ...VIEW, state: { ...PLAYING, status: 'PAUSE' }, phase: 'paused' };
  const status = (changes) => stageWords({ ...ended, queueEnded: true, ...changes }).status;
  assert.equal(status({}), 'That was the last one. Ana can add more.');
  assert.equal(status({ hostName: null }), 'That was the last one.');
  assert.match(status({ isHost: true, canAdd: true }), /Add music/);
  assert.doesNotMatch(status({ isHost: true, canAdd: false }), /Add music/);
});

test('the line under the title names artist and album', () => {
  const track = { track_id: 'abc', title: 'Prelude', artist: 'Bach', album: 'Well' };
  assert.equal(stageWords({ ...VIEW, track }).artist, 'Bach · Well');
  assert.equal(stageWords({ ...VIEW, track: null }).artist, '');
});

test('what has happened is said in one go', () => {
  const room = { state: PLAYING, host: { peer_id: 'p1', name: 'Ana' }, peerId: 'p2' };
  assert.equal(newsWords(['state', 'track'], room, 'Prelude'), 'Now playing: Prelude.');
  assert.equal(newsWords(['members', 'host-came'], room, ''), 'Ana is hosting.');
  assert.equal(newsWords(['host-came'], { ...room, peerId: 'p1' }, ''), 'You are hosting.');
  assert.equal(newsWords(['host-left'], { ...room, lastHostName: 'Ben' }, ''), 'Ben left.');
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
  playing: true,
  updated: false,
  flash: null,
};

test('the most important notice wins', () => {
  const id = (changes) => noticeWords({ ...OPEN, ...changes })?.id ?? null;
  const flash = seatTakenNotice({ hostName: 'Ben', isOwn: false });
  assert.equal(id({}), null);
  assert.equal(id({ hostName: null }), 'host-gone');
  assert.equal(id({ hostName: null, lastHostName: null }), 'no-host');
  assert.equal(id({ hostName: null, membersKnown: false }), null);
  assert.equal(id({ hostName: null, isHost: true }), null);
  assert.equal(id({ hostName: null, flash }), 'seat-taken');
  assert.equal(id({ updated: true, flash }), 'updated');
  assert.equal(id({ connection: 'reconnecting', updated: true }), 'reconnecting');
  assert.equal(id({ connection: 'reconnecting', trouble: 'switching' }), null);
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

test('a lost seat names who has it, or explains the own ghost', () => {
  const text = (hostName, isOwn = false) => seatTakenNotice({ hostName, isOwn }).text;
  assert.match(text('Ben'), /^Ben is hosting now/);
  assert.match(text('Ana', true), /earlier connection/);
  assert.match(text(null), /^Somebody else/);
  assert.equal(refusalNotice('Only host can control').text, 'Only the host can do that.');
  assert.ok(refusalNotice('x'.repeat(9999)).text.length < 300);
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
  const views = ['full', 'rooms', 'misfit', 'stopping', 'unreachable', null];
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
  assert.equal(words({ isHost: true }).action, 'start');
  const soon = { ...waiting, leftSec: 1.2 };
  assert.equal(
    words({ waiting: soon }).status,
    'Waiting for others: 1 of 3 ready, at most 2 s more',
  );
  assert.match(words({ phase: 'loading', loaded: 0.5 }).status, /Loading/, 'the own part first');
});
