// Who a tab is: the same after a reload and after being opened again, and never somebody else.

import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { Identity } from '../../../src/web/identity.js';

function memory() {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => values.set(key, value),
    copy() {
      const other = memory();
      for (const [key, value] of values) other.setItem(key, value);
      return other;
    },
  };
}

/** Tabs of one browser hear each other a turn later, and never themselves. */
function browser() {
  const channels = new Set();
  let drawn = 0;
  const local = memory();
  const open = ({ session = memory(), room = 'jam1', ...more } = {}) => {
    const channel = {
      onmessage: null,
      postMessage: (data) => {
        for (const other of channels) {
          if (other !== channel)
            queueMicrotask(() => channels.has(other) && other.onmessage({ data }));
        }
      },
    };
    channels.add(channel);
    const random = () => String((drawn += 1)).padStart(32, '0');
    const identity = new Identity({ room, session, local, channel, random, ...more });
    return { identity, session, close: () => channels.delete(channel) };
  };
  return { open, local };
}

/** Until it is known: at most two questions, one after the other. */
async function known({ identity }) {
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(1000);
  }
  let isKnown = false;
  identity.whenKnown(() => (isKnown = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(isKnown);
  return identity;
}

async function joined(tab, role = 'viewer') {
  const identity = await known(tab);
  identity.joined({ token: identity.token, role, name: 'Ana' });
  return identity;
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

test('a first visit knows at once who it is, and a token of the room replaces its own', async () => {
  const { open } = browser();
  const { identity } = open();
  let isKnown = false;
  identity.whenKnown(() => (isKnown = true));
  assert.ok(isKnown);
  assert.match(identity.token, /^\d{32}$/);
  assert.equal(await identity.visit, null);
  identity.joined({ token: 'e'.repeat(32), role: 'viewer', name: 'Ana' });
  assert.equal(identity.token, 'e'.repeat(32));
  for (const bad of ['', 'E'.repeat(32), 7, null, undefined]) {
    identity.joined({ token: bad, role: 'viewer', name: 'Ana' });
    assert.equal(identity.token, 'e'.repeat(32));
  }
});

test('a tab that is loaded again is the same, in the role that it had', async () => {
  const { open } = browser();
  const before = open();
  const { token } = await joined(before, 'viewer');
  before.identity.joined({ role: 'host', name: 'Ana' });
  before.close();
  const after = await known(open({ session: before.session }));
  assert.equal(after.token, token);
  assert.deepEqual(await after.visit, { role: 'host', name: 'Ana' });
});

test('a tab that is closed and opened again is the same, but does not join by itself', async () => {
  const { open } = browser();
  const before = open();
  const { token } = await joined(before, 'host');
  before.close();
  const after = await known(open());
  assert.equal(after.token, token);
  assert.equal(await after.visit, null);
});

test('two tabs are two people, also when one is a copy of the other', async () => {
  const { open, local } = browser();
  const first = open();
  const { token } = await joined(first, 'host');
  const second = await joined(open());
  assert.notEqual(second.token, token);
  const copy = await joined(open({ session: first.session.copy() }));
  assert.notEqual(copy.token, token);
  assert.notEqual(copy.token, second.token);
  assert.equal(await copy.visit, null, 'a copy does not join by itself');
  // The next tab is the first person again, once that one is gone.
  assert.deepEqual(JSON.parse(local.getItem('jam-tokens')), [['jam1', token]]);
  first.close();
  assert.equal((await known(open())).token, token);
});

test('of tabs that ask at the same moment one gets it', async () => {
  const { open } = browser();
  const before = open();
  const { token } = await joined(before);
  before.close();
  const tabs = [open(), open(), open()];
  for (const tab of tabs) await known(tab);
  const tokens = tabs.map(({ identity }) => identity.token);
  assert.equal(new Set(tokens).size, 3);
  assert.equal(tokens.filter((own) => own === token).length, 1);
});

test('a tab whose token is used elsewhere does not answer for it until it joins again', async () => {
  const { open } = browser();
  const first = open();
  const { token } = await joined(first);
  first.identity.letGo();
  const second = open();
  assert.equal((await known(second)).token, token);
  second.identity.letGo();
  first.identity.joined({ role: 'viewer', name: 'Ana' });
  assert.notEqual((await known(open())).token, token);
});

test('rooms have each their own, and only some are remembered', async () => {
  const { open, local } = browser();
  const rooms = Array.from({ length: 30 }, (_, index) => `room${index}`);
  for (const room of ['__proto__', 'constructor', ...rooms]) {
    const tab = open({ room });
    await joined(tab);
    tab.close();
  }
  const stored = JSON.parse(local.getItem('jam-tokens'));
  assert.equal(stored.length, 16);
  assert.equal(new Set(stored.map(([, token]) => token)).size, 16);
  const tab = open({ room: 'room29' });
  assert.equal((await known(tab)).token, stored.at(-1)[1]);
});

test('without storage, or with nonsense in it, it is somebody new', async () => {
  const blocked = {
    getItem() {
      throw new Error('blocked');
    },
    setItem() {
      throw new Error('blocked');
    },
  };
  const { open } = browser();
  for (const local of [null, blocked]) {
    const identity = await joined(open({ local, session: local, channel: null }));
    assert.match(identity.token, /^\d{32}$/);
  }
  for (const text of ['', '{', 'null', '7', '[["jam1","x"]]', '{"room":"jam1","token":5}']) {
    const odd = { getItem: () => text, setItem: () => {} };
    const identity = await known(open({ local: odd, session: odd }));
    assert.match(identity.token, /^\d{32}$/, text);
    assert.equal(await identity.visit, null);
  }
});
