// What each level of the guests' rights opens on the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endingWords } from '../../../src/web/ending.js';
import { LEVELS, guestsNews, guestsWords, rightsOf, voteWords } from '../../../src/web/rights.js';

test('each level has all of the one before, and the host has all', () => {
  const opens = (guests, isHost = false) => {
    const { canControl, canEdit, canAdd, canVote } = rightsOf({ isHost, guests, editable: true });
    return { canControl, canEdit, canAdd, canVote };
  };
  const none = { canControl: false, canEdit: false, canAdd: false, canVote: false };
  const all = { canControl: true, canEdit: true, canAdd: true, canVote: false };
  assert.deepEqual(opens('nothing'), none);
  assert.deepEqual(opens('add'), { ...none, canAdd: true });
  assert.deepEqual(opens('vote'), { ...none, canAdd: true, canVote: true });
  assert.deepEqual(opens('everything'), all, 'who can skip needs no vote');
  for (const guests of LEVELS) assert.deepEqual(opens(guests, true), all);
});

test('where the server changes no queue nobody is offered to', () => {
  for (const isHost of [true, false]) {
    const rights = rightsOf({ isHost, guests: 'everything', editable: false });
    assert.deepEqual(
      [rights.canControl, rights.mayAdd, rights.canEdit, rights.canAdd],
      [true, true, false, false],
    );
  }
});

test('every level has words', () => {
  for (const level of LEVELS) {
    assert.match(guestsNews(level), /^[A-Z].*\.$/);
    assert.equal(guestsWords(level) === '', level === 'nothing');
  }
});

test('the vote says how many of how many', () => {
  assert.equal(voteWords({ votes: 0, needed: 2 }).text, 'Skip?');
  assert.deepEqual(voteWords({ votes: 2, needed: 3 }), {
    text: 'Skip? 2 of 3',
    label: 'Skip? 2 of 3 votes',
  });
});

test('who is out is told why, also when nobody knows the host', () => {
  const words = (why, hostName = null) => endingWords({ why, hostName, roomName: 'jam1' });
  assert.equal(words('removed', 'Ana').title, 'Ana removed you from this room');
  assert.equal(words('removed').title, 'The host removed you from this room');
  assert.equal(words('elsewhere').title, 'jam1 is open in another window');
});
