// The entry of the page: looks at the address, builds what that view needs, and connects the parts.
//
// Sound is asked for inside the click that joins; browsers refuse it anywhere else.
// `window.jam` is for tests and for the console, nothing in the page reads it.

import { RoomClock } from './clock.js';
import { byId, show } from './dom.js';
import { showLanding } from './landing.js';
import { Lobby } from './lobby.js';
import { roomFromPath } from './names.js';
import { Party } from './party.js';
import { Player } from './player.js';
import { RoomSocket } from './room-socket.js';
import { openStorage } from './storage.js';

const version = document.querySelector('meta[name="jam-version"]').content;
const storage = openStorage();
const roomName = roomFromPath(location.pathname);

if (roomName === null) {
  window.jam = { player: null, clock: null, socket: null, version };
  showLanding({ storage, path: location.pathname });
} else {
  showRoom();
}

function showRoom() {
  const clock = new RoomClock();
  const player = new Player({ clock });
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const url = `${scheme}://${location.host}/ws/${roomName}`;
  const socket = new RoomSocket({ url, clock });
  const party = new Party({ roomName, player, clock, socket, storage, version });
  const lobby = new Lobby({
    room: roomName,
    storage,
    onJoin: ({ role, name }) => {
      player.unlock();
      storage.visited(roomName);
      show(byId('lobby'), false);
      party.start({ role, name });
    },
  });
  window.jam = { player, clock, socket, version };
  lobby.show();
}
