// The entry of the page: looks at the address, builds what that view needs, and connects the parts.
//
// Sound is asked for inside the click that joins; browsers refuse it anywhere else. A tab that is
// loaded again while it is in a room goes back there by itself: if sound needs a tap, the party says so.
// `window.jam` is for tests and for the console, nothing in the page reads it.

import { RoomClock } from './clock.js';
import { byId, show } from './dom.js';
import { forgetTokens, forgetVisit, openIdentity } from './identity.js';
import { showLanding } from './landing.js';
import { Lobby } from './lobby.js';
import { roomFromPath } from './names.js';
import { Party } from './party.js';
import { Player } from './player.js';
import { openKeys } from './room-keys.js';
import { RoomSocket } from './room-socket.js';
import { openStorage } from './storage.js';

const version = document.querySelector('meta[name="jam-version"]').content;
const storage = openStorage();
const roomName = roomFromPath(location.pathname);

if (roomName === null) {
  window.jam = { player: null, clock: null, socket: null, version };
  forgetVisit();
  showLanding({ storage, path: location.pathname, onForget: forgetTokens });
} else {
  showRoom();
}

function showRoom() {
  const clock = new RoomClock();
  const player = new Player({ clock });
  const identity = openIdentity(roomName);
  const keys = openKeys(roomName);
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const url = `${scheme}://${location.host}/ws/${roomName}`;
  const socket = new RoomSocket({ url, clock, identity, keys });
  const party = new Party({ roomName, player, clock, socket, storage, keys, version });
  const enter = ({ role, name }) => {
    player.unlock();
    storage.visited(roomName);
    show(byId('lobby'), false);
    party.start({ role, name });
  };
  window.jam = { player, clock, socket, version };
  identity.visit.then((visit) => {
    if (visit) enter(visit);
    else new Lobby({ room: roomName, storage, keys, onJoin: enter }).show();
  });
}
