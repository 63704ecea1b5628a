// The three small sheets: sharing the address, how exact the clock is, and the keys.
//
// Each opens from a button that says so, closes with Escape, its own button or a tap beside it, and
// gives the focus back (the browser does that for a dialog).

import { addressesOf, copyField, showQr } from './address.js';
import { byId, el, setText } from './dom.js';
import { scaleShare } from './people-panel.js';
import { syncFacts } from './words.js';

const SYNC_REFRESH_MS = 500;

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

export async function openShare(room) {
  const dialog = byId('share-dialog');
  const field = byId('share-address');
  const note = byId('share-note');
  setText(note, '');
  field.onfocus = () => field.select();
  byId('share-copy').onclick = async () => {
    const copied = await copyField(field);
    setText(note, copied ? 'Copied.' : 'Selected. Copy it with your device.');
  };
  // The sheet opens at once with what is known; a better address may follow.
  field.value = `${location.origin}/${room}`;
  if (!dialog.open) dialog.showModal();
  const [best, ...others] = await addressesOf(`/${room}`);
  field.value = best;
  showQr(byId('share-qr'), best);
  byId('share-others').replaceChildren(
    ...others.map((address) => el('li', { class: 'address' }, address)),
  );
}

/** `read()` gives `{ snapshot, quality }`; asked twice a second while the sheet is open. */
export function openSync(read) {
  const dialog = byId('sync-dialog');
  const list = byId('sync-facts');
  const values = new Map();
  const refresh = () => {
    const now = read();
    for (const [label, text] of syncFacts(now)) {
      if (!values.has(label)) {
        values.set(label, el('dd'));
        list.append(el('dt', {}, label), values.get(label));
      }
      setText(values.get(label), text);
    }
    const errorMs = now.snapshot.errorMs;
    const needle = byId('gauge-needle');
    needle.classList.toggle('is-unknown', !Number.isFinite(errorMs));
    needle.style.setProperty('--error', scaleShare(Number(errorMs) || 0));
  };
  list.replaceChildren();
  refresh();
  const timer = setInterval(refresh, SYNC_REFRESH_MS);
  dialog.addEventListener('close', () => clearInterval(timer), { once: true });
  if (!dialog.open) dialog.showModal();
}

export function openHelp({ isHost }) {
  const keys = isHost ? [...KEYS.host, ...KEYS.everybody] : KEYS.everybody;
  byId('help-facts').replaceChildren(
    ...keys.flatMap(([key, does]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, does)]),
  );
  byId('help-dialog').showModal();
}
