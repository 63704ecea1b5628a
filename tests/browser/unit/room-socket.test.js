// The connection, with a fake WebSocket and timers that the test turns by hand.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { RoomSocket, closeMeaning, retryDelayMs } from '../../../src/web/room-socket.js';
import { SILENCE_MS } from '../../../src/web/clock-probes.js';

const STATE =
  '{"type":"STATE","payload":{"track_id":null,"status":"PAUSE","offset_sec":0,"timestamp":1}}';

let sockets;

class FakeWebSocket {
  readyState = 0;
  sent = [];
  closed = false;

  constructor(url) {
    this.url = url;
    sockets.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
    this.readyState = 3;
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  receive(text) {
    this.onmessage({ data: text });
  }

  end(code, reason = '') {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}

const TOKEN = '0123456789abcdef'.repeat(2);

function fakeIdentity() {
  return {
    token: TOKEN,
    told: [],
    letsGo: 0,
    whenKnown: (act) => act(),
    joined(visit) {
      this.token = visit.token ?? this.token;
      this.told.push(visit);
    },
    letGo() {
      this.letsGo += 1;
    },
  };
}

function join(role = 'viewer', identity = fakeIdentity(), keys = { room: null, host: null }) {
  const probes = [];
  const clock = {
    addProbe: (probe) => probes.push(probe),
    endBurst: () => probes.push('end'),
    reconnected: () => {},
  };
  const socket = new RoomSocket({ url: 'ws://test/ws/jam1', clock, identity, keys });
  socket.join({ role, name: 'Ana' });
  return { socket, probes, identity };
}

function accept(ws = sockets.at(-1)) {
  ws.open();
  ws.receive(STATE);
  return ws;
}

beforeEach(() => {
  sockets = [];
  globalThis.WebSocket = FakeWebSocket;
  globalThis.fetch = async () => ({ status: 200 });
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

const say = (ws, ...messages) => messages.forEach((message) => ws.receive(JSON.stringify(message)));
const PEER = { type: 'PEER', peer_id: 'p1' };
const welcome = (role, more) => ({ type: 'WELCOME', version: '1', role, token: TOKEN, ...more });
const rights = (hostId) => ({
  type: 'RIGHTS',
  guests: 'nothing',
  ...(hostId ? { host: { peer_id: hostId, name: 'X' } } : {}),
});

test('joining says hello with role, name, token and wishes', () => {
  const { socket } = join('host');
  assert.equal(socket.connection, 'connecting');
  const ws = accept();
  assert.deepEqual(ws.sent[0], {
    type: 'HELLO',
    role: 'host',
    display_name: 'Ana',
    token: TOKEN,
    wants: ['WELCOME', 'QUEUE', 'MEMBERS', 'HISTORY', 'SWARM', 'WAITING', 'RIGHTS'],
  });
  assert.equal(socket.connection, 'open');
});

test('a lost connection is replaced, in the same role', () => {
  const { socket } = join('host');
  accept().end(1006);
  assert.equal(socket.connection, 'reconnecting');
  mock.timers.tick(10000);
  accept();
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].sent[0].role, 'host');
  assert.equal(socket.connection, 'open');
});

test('it waits with the connection until it is known who joins', () => {
  let act;
  const { socket } = join('host', { ...fakeIdentity(), whenKnown: (later) => (act = later) });
  assert.equal(socket.connection, 'connecting');
  assert.equal(sockets.length, 0);
  act();
  assert.equal(sockets.length, 1);
});

test('a taken seat makes a listener of the host, with a word', () => {
  const { socket } = join('host');
  let told = 0;
  socket.addEventListener('seat-taken', () => (told += 1));
  say(accept(), PEER, welcome('viewer'));
  assert.equal(socket.role, 'viewer');
  assert.equal(told, 1);
  sockets[0].end(1006);
  mock.timers.tick(10000);
  say(accept(), PEER, welcome('viewer'));
  assert.equal(sockets[1].sent[0].role, 'viewer');
  assert.equal(told, 1);
});

test('it comes back with its token, in the role that it has by then', () => {
  const { socket, identity } = join('viewer');
  const given = 'f'.repeat(32);
  say(accept(), PEER, welcome('viewer', { token: given }), rights('p2'));
  assert.equal(socket.role, 'viewer');
  say(sockets[0], rights('p1'));
  assert.equal(socket.role, 'host');
  assert.deepEqual(identity.told, [
    { token: given, role: 'viewer', name: 'Ana' },
    { role: 'host', name: 'Ana' },
  ]);
  sockets[0].end(1006);
  mock.timers.tick(10000);
  const { role, token } = accept().sent[0];
  assert.deepEqual([role, token], ['host', given]);
  say(sockets[1], PEER, welcome('host'), rights(null));
  assert.equal(socket.role, 'viewer', 'the seat is free');
});

test('who was removed, or came back elsewhere, stays away until told otherwise', () => {
  for (const [reason, trouble] of [
    ['Removed by the host', 'removed'],
    ['Came back on another connection', 'elsewhere'],
  ]) {
    sockets = [];
    const { socket, identity } = join('host');
    accept().end(1008, reason);
    assert.deepEqual([socket.connection, socket.trouble], ['idle', trouble]);
    assert.equal(identity.letsGo, 1);
    socket.check(800);
    mock.timers.tick(60000);
    assert.equal(sockets.length, 1);
    socket.join({ role: 'host', name: 'Ana' });
    accept();
    assert.deepEqual([socket.connection, socket.trouble], ['open', null]);
  }
});

test('keys go with hello, the host’s with who would host, and the log has neither', () => {
  const keys = { room: 'plum', host: 'stone' };
  const host = join('host', fakeIdentity(), keys).socket;
  const { key, host_key: hostKey } = accept().sent[0];
  assert.deepEqual([key, hostKey], ['plum', 'stone']);
  host.send({ type: 'LOCK', key: 'apricot' });
  host.send({ type: 'LOCK', key: null });
  assert.deepEqual(sockets.at(-1).sent.at(-2), { type: 'LOCK', key: 'apricot' });
  const log = host.log.entries({ withFrequent: true }).map(({ text }) => text);
  assert.doesNotMatch(log.join(), /plum|stone|apricot/);
  assert.match(log.at(-1), /"key":null/);
  join('viewer', fakeIdentity(), keys);
  const sent = accept().sent[0];
  assert.equal(sent.key, 'plum');
  assert.equal('host_key' in JSON.parse(JSON.stringify(sent)), false);
});

test('without the right key it stays out until told otherwise, and keeps its token', () => {
  for (const [reason, trouble] of [
    ['Room key needed', 'key-needed'],
    ['Wrong room key', 'key-wrong'],
    ['Host key needed', 'host-key-needed'],
    ['Wrong host key', 'host-key-wrong'],
    ['Too many attempts', 'key-attempts'],
  ]) {
    const { socket, identity } = join();
    sockets.at(-1).open();
    sockets.at(-1).end(1008, reason);
    assert.deepEqual([socket.connection, socket.trouble], ['idle', trouble]);
    assert.equal(identity.letsGo, 0);
    const before = sockets.length;
    mock.timers.tick(60000);
    assert.equal(sockets.length, before);
    socket.join({ role: 'viewer', name: 'Ana' });
    accept();
    assert.equal(socket.connection, 'open');
    socket.close();
  }
});

test('who was in and is not let in again hears of a new key, and who types a wrong one then of that', () => {
  for (const reason of ['Room key needed', 'Wrong room key']) {
    const { socket } = join();
    accept().end(1006);
    mock.timers.tick(1000);
    sockets.at(-1).open();
    sockets.at(-1).end(1008, reason);
    assert.deepEqual([socket.connection, socket.trouble], ['idle', 'key-changed']);
    const before = sockets.length;
    mock.timers.tick(60000);
    assert.equal(sockets.length, before);
    socket.join({ role: 'viewer', name: 'Ana' });
    sockets.at(-1).open();
    sockets.at(-1).end(1008, 'Wrong room key');
    assert.equal(socket.trouble, 'key-wrong');
  }
});

test('who was handed the seat and lost it meanwhile comes back as a guest', () => {
  const { socket } = join('host');
  accept().end(1006);
  mock.timers.tick(1000);
  sockets.at(-1).open();
  assert.equal(sockets.at(-1).sent[0].role, 'host');
  sockets.at(-1).end(1008, 'Host key needed');
  mock.timers.tick(1000);
  accept();
  assert.deepEqual([socket.connection, socket.role], ['open', 'viewer']);
  assert.equal(sockets.at(-1).sent[0].role, 'viewer');
  // Others behind the same router tried too much: this one waits.
  sockets.at(-1).end(1006);
  mock.timers.tick(1700);
  sockets.at(-1).open();
  sockets.at(-1).end(1008, 'Too many attempts');
  assert.equal(socket.connection, 'reconnecting');
});

test('a full server is recognised by its health page', async () => {
  globalThis.fetch = async () => ({ status: 503 });
  const { socket } = join();
  sockets[0].end(1006);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(socket.trouble, 'full');
  assert.equal(socket.connection, 'connecting');
});

test('a server that never answers is given up and tried again', () => {
  const { socket } = join();
  sockets[0].open();
  mock.timers.tick(8000);
  assert.ok(sockets[0].closed);
  assert.equal(socket.trouble, 'unreachable');
  mock.timers.tick(10000);
  assert.equal(sockets.length, 2);
});

test('sixteen probes one at a time, then bursts of four', () => {
  const { probes } = join();
  const ws = accept();
  const answer = () => {
    const { t0 } = ws.sent.at(-1);
    ws.receive(JSON.stringify({ type: 'CLOCK', t0, t1: 5, t2: 5.1 }));
  };
  const count = () => ws.sent.filter((message) => message.type === 'CLOCK').length;
  for (let sent = 1; sent <= 16; sent += 1) {
    assert.equal(count(), sent);
    mock.timers.tick(500);
    assert.equal(count(), sent, 'one under way at a time');
    answer();
    mock.timers.tick(20);
  }
  assert.equal(probes.at(-1), 'end');
  assert.equal(probes.length, 17);
  mock.timers.tick(2000);
  for (let sent = 0; sent < 4; sent += 1) {
    answer();
    mock.timers.tick(20);
  }
  assert.equal(probes.filter((probe) => probe === 'end').length, 2);
  assert.equal(probes.length, 22);
});

test('an answer to another probe is not counted', () => {
  const { probes } = join();
  accept().receive('{"type":"CLOCK","t0":-1,"t1":5,"t2":5}');
  assert.equal(probes.length, 0);
});

test('silence of the server is a lost connection', () => {
  const { socket } = join();
  accept();
  mock.timers.tick(SILENCE_MS);
  assert.equal(socket.connection, 'reconnecting');
  assert.ok(sockets[0].closed);
});

test('who was away asks at once, and believes an answer', () => {
  const { socket } = join();
  const ws = accept();
  const clocks = () => ws.sent.filter((message) => message.type === 'CLOCK');
  socket.check(800);
  socket.check(800);
  assert.equal(clocks().length, 2, 'one beside the first of joining, however often it is asked');
  mock.timers.tick(700);
  ws.receive(JSON.stringify({ type: 'CLOCK', t0: clocks()[1].t0, t1: 5, t2: 5 }));
  mock.timers.tick(SILENCE_MS - 1);
  assert.equal(socket.connection, 'open');
  assert.equal(sockets.length, 1);
});

test('who was away and gets no answer joins anew at once, again and again', () => {
  const { socket } = join('host');
  accept();
  socket.check(800);
  mock.timers.tick(799);
  assert.equal(socket.connection, 'open');
  mock.timers.tick(1);
  assert.ok(sockets[0].closed);
  mock.timers.tick(150);
  assert.equal(sockets.length, 2);
  // Nobody there yet.
  for (let tried = 3; tried < 9; tried += 1) {
    sockets.at(-1).end(1006);
    mock.timers.tick(150);
    assert.equal(sockets.length, tried);
  }
  accept();
  assert.equal(socket.connection, 'open');
  assert.equal(sockets.at(-1).sent[0].role, 'host');
});

test('who was away does not sit out the rest of a long pause', () => {
  const { socket } = join();
  for (let attempt = 0; attempt < 6; attempt += 1) {
    sockets.at(-1).end(1006);
    mock.timers.tick(10000);
  }
  sockets.at(-1).end(1006);
  const before = sockets.length;
  socket.check(800);
  assert.equal(sockets.length, before + 1);
  // That one has only just set out.
  socket.check(800);
  assert.equal(sockets.length, before + 1);
});

test('nothing is sent or kept while there is no connection', () => {
  const { socket } = join();
  assert.equal(socket.send({ type: 'PLAY' }), false);
  const ws = accept();
  assert.ok(ws.sent.every((message) => message.type !== 'PLAY'));
  assert.equal(socket.send({ type: 'PLAY' }), true);
});

test('closing ends it for good', () => {
  const { socket } = join();
  accept();
  socket.close();
  mock.timers.tick(60000);
  assert.equal(sockets.length, 1);
  assert.equal(socket.connection, 'idle');
});

test('what is not JSON is logged and otherwise ignored', () => {
  const { socket } = join();
  accept().receive('{oops');
  assert.equal(socket.connection, 'open');
  assert.equal(socket.log.entries({ withFrequent: false }).at(-1).text, '{oops');
});

test('pauses grow, stay bounded and are spread', () => {
  assert.equal(retryDelayMs(0, 0), 200);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    assert.ok(retryDelayMs(attempt, 0) >= 200);
    assert.ok(retryDelayMs(attempt, 0.999) <= 10000);
    assert.ok(retryDelayMs(attempt, 0.9) > retryDelayMs(attempt, 0.1));
  }
});

test('close codes have a meaning', () => {
  assert.equal(closeMeaning(1008, 'Removed by the host'), 'removed');
  assert.equal(closeMeaning(1008, 'Came back on another connection'), 'elsewhere');
  assert.equal(closeMeaning(1006, 'Removed by the host'), null);
  assert.equal(closeMeaning(1008, 'Invalid HELLO'), 'misfit');
  assert.equal(closeMeaning(1008, 'HELLO timeout'), null);
  assert.equal(closeMeaning(1001, 'Server is stopping'), 'stopping');
  assert.equal(closeMeaning(1008, 'Message timeout'), null);
  assert.equal(closeMeaning(1013, 'Too many rooms'), 'rooms');
  assert.equal(closeMeaning(1013, 'Too many rooms from your address'), 'rooms');
  assert.equal(closeMeaning(1013, 'Room is full'), 'crowd');
  assert.equal(closeMeaning(1006, ''), null);
});
