// The door of a room that did not let this tab in for want of a key: asks for it, calmly.

import { byId, setText, show } from './dom.js';
import { doorWords } from './key-words.js';
import { isKey } from './room-keys.js';

/**
 * `why` is one of KEY_TROUBLES. `onReturn(role)` is called inside the click, when `keys` has what was typed;
 * the role is left out unless it has changed: a guest needs no key to the host seat.
 */
export function showDoor({ why, roomName, keys, onReturn }) {
  const { title, text } = doorWords(why, roomName);
  const asksHost = why.startsWith('host') || (why === 'key-attempts' && keys.room === null);
  const which = asksHost ? 'host' : 'room';
  const field = byId('door-field');
  // A slip is mended more quickly than typed anew; a key of yesterday is no slip.
  field.value = (why === 'key-changed' ? null : keys[which]) ?? '';
  // A key that does not fit is not to be tried again by itself.
  if (why.endsWith('wrong') || why === 'key-changed') keys.set({ [which]: null });
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  document.body.dataset.view = 'door';
  document.title = `${roomName} · jam`;
  show(byId('party'), false);
  setText(byId('door-title'), title);
  setText(byId('door-text'), text);
  setText(byId('door-label'), asksHost ? 'Key to the host seat' : 'Key to the room');
  show(byId('door-listen'), asksHost);
  const leave = (role) => {
    show(byId('door'), false);
    onReturn(role);
  };
  byId('door-form').onsubmit = (event) => {
    event.preventDefault();
    if (!isKey(field.value)) return field.focus();
    keys.set({ [which]: field.value });
    leave();
  };
  byId('door-listen').onclick = () => leave('viewer');
  show(byId('door'), true);
  field.focus({ preventScroll: true });
  field.select();
  scrollTo(0, 0);
}
