// The small sheets for sharing the address and for the keys, and what all sheets have in common.
//
// Each opens from a button that says so, closes with Escape, its own button or a tap beside it, and
// gives the focus back (the browser does that for a dialog).

import { addressesOf, copyField, showQr } from './address.js';
import { byId, el, setText } from './dom.js';
import { shareKeyWords } from './key-words.js';

const KEYS = {
  everybody: [
    ['m', 'Mute or unmute'],
    ['/', 'Go to the queue'],
    ['?', 'This list'],
  ],
  host: [
    ['Space', 'Play or pause'],
    ['← →', 'Five seconds'],
    ['n', 'Next track, also Shift →'],
    ['p', 'Beginning, previous track, also Shift ←'],
    ['Alt ↑ ↓', 'Move the row with the focus'],
    ['Del', 'Take it out of the queue'],
  ],
};

export function wireDialogs() {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.addEventListener('click', (event) => {
      const beside = event.target === dialog;
      if (beside || event.target.closest('[data-close]')) dialog.close();
    });
  }
}

/** `locked`: joining takes a key, which the address carries when `keys` has it. */
export async function openShare(room, { keys, locked }) {
  const dialog = byId('share-dialog');
  const field = byId('share-address');
  const note = byId('share-note');
  setText(note, '');
  field.onfocus = () => field.select();
  byId('share-copy').onclick = async () => {
    const copied = await copyField(field);
    setText(note, copied ? 'Copied.' : 'Selected. Copy it with your device.');
  };
  const key = locked ? keys.inAddress : '';
  setText(byId('share-key'), shareKeyWords({ locked, hasKey: key !== '' }));
  // The sheet opens at once with what is known; a better address may follow.
  field.value = `${location.origin}/${room}${key}`;
  if (!dialog.open) dialog.showModal();
  const [best, ...others] = await addressesOf(`/${room}`);
  field.value = best + key;
  showQr(byId('share-qr'), best, key === '' ? undefined : keys.headers);
  byId('share-others').replaceChildren(
    ...others.map((address) => el('li', { class: 'address' }, address + key)),
  );
}

export function openHelp({ canControl }) {
  const keys = canControl ? [...KEYS.host, ...KEYS.everybody] : KEYS.everybody;
  byId('help-facts').replaceChildren(
    ...keys.flatMap(([key, does]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, does)]),
  );
  byId('help-dialog').showModal();
}
