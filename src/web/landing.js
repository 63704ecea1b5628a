// The front page: which room, the rooms visited before, and the address for everybody else.
//
// Opens no connection and makes no sound; going to a room is an ordinary link.

import { addressesOf, showQr } from './address.js';
import { byId, el, setText, show } from './dom.js';
import { normalizeRoomName, roomNameProblem } from './names.js';
import { drawDisc } from './record.js';

/**
 * `path` is where the reader wanted to go: '/', or an address that is no room; `onForget()` is called when
 * the rooms visited before shall be forgotten.
 */
export function showLanding({ storage, path, onForget }) {
  document.body.dataset.view = 'landing';
  document.title = 'jam';
  byId('landing-disc').append(drawDisc());
  show(byId('landing'), true);
  wireForm();
  if (path !== '/') suggestRoom(path);
  wireRecent(storage, onForget);
  showInvite();
}

function wireForm() {
  const field = byId('room-field');
  const hint = byId('room-hint');
  const plain = hint.textContent;
  field.addEventListener('input', () => {
    const room = normalizeRoomName(field.value);
    const problem = field.value.trim() === '' ? null : roomNameProblem(room);
    field.removeAttribute('aria-invalid');
    setText(hint, problem ?? (room && room !== field.value ? `The room will be ${room}.` : plain));
  });
  byId('room-form').addEventListener('submit', (event) => {
    event.preventDefault();
    // The example in the empty field is an offer, too.
    const room = normalizeRoomName(field.value || field.placeholder);
    const problem = roomNameProblem(room);
    if (problem !== null) {
      field.setAttribute('aria-invalid', 'true');
      setText(hint, problem);
      field.focus();
      return;
    }
    location.assign(`/${room}`);
  });
  // On a phone the keyboard would cover half of the page.
  if (matchMedia('(hover: hover)').matches) field.focus();
}

/** For an address like '/JAM 1': what it may have meant. */
function suggestRoom(path) {
  const room = normalizeRoomName(path);
  byId('room-field').value = room;
  const offer = room === '' ? '' : ` Did you mean ${room}?`;
  setText(byId('room-hint'), `There is no such room.${offer}`);
}

function wireRecent(storage, onForget) {
  const section = byId('recent');
  const rooms = storage.rooms;
  byId('recent-rooms').replaceChildren(
    ...rooms.map((room) => el('li', {}, el('a', { href: `/${room}` }, room))),
  );
  show(section, rooms.length > 0);
  byId('forget-rooms').addEventListener('click', () => {
    storage.forgetRooms();
    onForget();
    show(section, false);
    byId('room-field').focus();
  });
}

async function showInvite() {
  const [address] = await addressesOf('');
  setText(byId('landing-address'), address);
  showQr(byId('landing-qr'), address);
}
