// The sheet in which a key is typed while the music plays: for the room, by its host, or for the host seat.

import { byId, setText, show } from './dom.js';
import { isKey } from './room-keys.js';

/** `onKey(key)` is called with what was typed; `onClear()`, where it is not null, when there shall be none. */
export function openKeySheet({ title, text, go, onKey, onClear = null }) {
  const dialog = byId('key-dialog');
  const field = byId('key-field');
  setText(byId('key-title'), title);
  setText(byId('key-text'), text);
  setText(byId('key-go'), go);
  field.value = '';
  byId('key-form').onsubmit = (event) => {
    event.preventDefault();
    if (!isKey(field.value)) return field.focus();
    dialog.close();
    onKey(field.value);
  };
  byId('key-clear').onclick = () => {
    dialog.close();
    onClear();
  };
  show(byId('key-clear'), onClear !== null);
  if (!dialog.open) dialog.showModal();
  field.focus();
}
