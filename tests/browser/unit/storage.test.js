// What the browser remembers, also where it must not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Storage } from '../../../src/web/storage.js';

function memory(initial = null) {
  let text = initial;
  return {
    getItem: () => text,
    setItem: (_, value) => {
      text = value;
    },
  };
}

test('name, volume and rooms survive a reload', () => {
  const backend = memory();
  const storage = new Storage(backend);
  storage.name = 'Ana';
  storage.volume = 0.25;
  storage.muted = true;
  storage.visited('jam1');
  const again = new Storage(backend);
  assert.equal(again.name, 'Ana');
  assert.equal(again.volume, 0.25);
  assert.equal(again.muted, true);
  assert.deepEqual(again.rooms, ['jam1']);
});

test('rooms are listed once, the latest first, and at most eight', () => {
  const storage = new Storage(memory());
  for (let index = 0; index < 20; index += 1) storage.visited(`room${index}`);
  storage.visited('room15');
  assert.equal(storage.rooms.length, 8);
  assert.deepEqual(storage.rooms.slice(0, 2), ['room15', 'room19']);
  storage.forgetRooms();
  assert.deepEqual(storage.rooms, []);
});

test('two tabs change only their own part of what is stored', () => {
  const backend = memory();
  const one = new Storage(backend);
  const other = new Storage(backend);
  one.name = 'Ana';
  one.visited('jam1');
  other.volume = 0.25;
  other.visited('jam2');
  const again = new Storage(backend);
  assert.equal(again.name, 'Ana');
  assert.equal(again.volume, 0.25);
  assert.deepEqual(again.rooms, ['jam2', 'jam1']);
});

test('what could not be written is not undone by what was written before', () => {
  const backend = memory('{"name":"Old"}');
  const storage = new Storage(backend);
  const write = backend.setItem;
  backend.setItem = () => {
    throw new Error('full');
  };
  storage.name = 'New';
  storage.volume = 0.5;
  assert.equal(storage.name, 'New');
  backend.setItem = write;
  storage.muted = true;
  assert.equal(new Storage(backend).name, 'New');
});

test('blocked storage still holds values for this visit', () => {
  const blocked = {
    getItem() {
      throw new Error('blocked');
    },
    setItem() {
      throw new Error('blocked');
    },
  };
  for (const backend of [blocked, null]) {
    const storage = new Storage(backend);
    storage.name = 'Ana';
    assert.equal(storage.name, 'Ana');
    assert.equal(storage.volume, 0.8);
  }
});

test('nonsense in storage is ignored', () => {
  const texts = ['', '{', 'null', '7', '[]', '{"volume":9,"name":3,"rooms":[{}]}'];
  for (const text of texts) {
    const storage = new Storage(memory(text));
    assert.equal(storage.name, '');
    assert.equal(storage.volume, 0.8);
    assert.deepEqual(storage.rooms, []);
  }
});

test('a trim is kept for each loudspeaker, the latest twelve of them', () => {
  const backend = memory();
  const storage = new Storage(backend);
  storage.setTrim('', -40);
  storage.setTrim('Box', 180);
  storage.setTrim('Box', 175);
  const again = new Storage(backend);
  assert.deepEqual([again.trimOf(''), again.trimOf('Box'), again.trimOf('Other')], [-40, 175, 0]);
  again.setTrim('Box', 0);
  assert.equal(new Storage(backend).trimOf('Box'), 0);
  for (let index = 1; index <= 20; index += 1) storage.setTrim(`box ${index}`, index);
  assert.equal(JSON.parse(backend.getItem()).trims.length, 12);
  assert.deepEqual([storage.trimOf('box 20'), storage.trimOf('box 8')], [20, 0]);
});

test('a trim that something else wrote there is none, or within bounds', () => {
  const stored = { trims: [['a', 1e9], ['b', 'x'], [5, 5], null, ['c', -12.4]] };
  const storage = new Storage(memory(JSON.stringify(stored)));
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => storage.trimOf(name)),
    [500, 0, -12],
  );
  assert.equal(new Storage(memory('{"trims":{"a":1}}')).trimOf('a'), 0);
});
