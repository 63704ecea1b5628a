// The front page: which room, the rooms visited before, and the address for everybody else.
//
// Opens no connection and makes no sound; going to a room is an ordinary link.

import { addressesOf, showQr } from './address.js';
import { byId, el, setText, show } from './dom.js';
import { normalizeRoomName } from './names.js';
import { drawDisc } from './record.js';

export function showLanding({ storage }) {
  document.body.dataset.view = 'landing';
  document.title = 'jam';
  byId('landing-disc').append(drawDisc());
  show(byId('landing'), true);
  wireForm();
  wireRecent(storage);
  showInvite();
}

function wireForm() {
  const field = byId('room-field');
  const hint = byId('room-hint');
  const plain = hint.textContent;
  field.addEventListener('input', () => {
    const room = normalizeRoomName(field.value);
    field.removeAttribute('aria-invalid');
    setText(hint, room && room !== field.value ? `The room will be ${room}.` : plain);
  });
  byId('room-form').addEventListener('submit', (event) => {
    event.preventDefault();
    // The example in the empty field is an offer, too.
    const room = normalizeRoomName(field.value || field.placeholder);
    if (room === '') {
      field.setAttribute('aria-invalid', 'true');
      setText(hint, 'Letters, digits, - and _ please.');
      field.focus();
      return;
    }
    location.assign(`/${room}`);
  });
  // On a phone the keyboard would cover half of the page.
  if (matchMedia('(hover: hover)').matches) field.focus();
}

function wireRecent(storage) {
  const section = byId('recent');
  const rooms = storage.rooms;
  byId('recent-rooms').replaceChildren(
    ...rooms.map((room) => el('li', {}, el('a', { href: `/${room}` }, room))),
  );
  show(section, rooms.length > 0);
  byId('forget-rooms').addEventListener('click', () => {
    storage.forgetRooms();
    show(section, false);
    byId('room-field').focus();
  });
}

async function showInvite() {
  const [address] = await addressesOf('');
  setText(byId('landing-address'), address);
  showQr(byId('landing-qr'), address);
}
