// The one notice above the cover: which of all the things that went on matters most now, and what it says.
//
// Pure, like words.js. A notice is `{ id, text, action, label, count }`; only true promises are made: the
// music "goes on" only where it is really heard. `count` changes every second and is not read out.

/**
 * The one notice that matters most now, or null. `action` names what its button does:
 * 'seat', 'reload', 'dismiss' or null.
 */
export function noticeWords(view) {
  if (view.flash?.id === 'unsent' && view.connection !== 'open') return view.flash;
  return connectionNotice(view) ?? updateNotice(view) ?? view.flash ?? seatNotice(view);
}

function connectionNotice({ connection, trouble, online, sounding }) {
  if (connection === 'open' || connection === 'idle') return null;
  if (connection === 'connecting' && !trouble) return null;
  const goesOn = sounding ? ' The music goes on;' : '';
  const retrying = sounding ? ' reconnecting.' : ' Reconnecting.';
  if (trouble === 'full') {
    return notice(
      'full',
      'This server is full: it takes no more people right now. Trying again by itself.',
    );
  }
  if (trouble === 'crowd') {
    return notice('crowd', 'This room is full right now. Trying again by itself.');
  }
  if (trouble === 'rooms') {
    return notice('rooms', 'This server has too many rooms open. Trying again by itself.');
  }
  if (trouble === 'key-attempts') {
    const text = 'Too many wrong keys came from your address. Trying again by itself.';
    return notice('key-attempts', text);
  }
  if (trouble === 'misfit') {
    return notice(
      'misfit',
      'This page and the server do not fit together any more. Reloading helps.',
      'reload',
      'Reload',
    );
  }
  if (online === false) {
    return notice('offline', `This device is offline.${goesOn}${retrying}`);
  }
  if (trouble === 'stopping') {
    return notice('stopping', `The server went away.${goesOn}${retrying}`);
  }
  if (connection === 'connecting') {
    return notice(
      'unreachable',
      'The server does not answer. Trying again by itself. Are you in the same network?',
    );
  }
  return notice('reconnecting', `Connection lost.${goesOn}${retrying}`);
}

function updateNotice({ updated }) {
  if (!updated) return null;
  return notice('updated', 'The server was updated.', 'reload', 'Reload');
}

/**
 * Nobody hosts. `keptSec`: so long the seat is kept for whoever lost the connection, NaN while nobody
 * knows how long, null when it is free. `seatSettled`: it has been free for a moment, so nobody is only loading their page again.
 */
function seatNotice(view) {
  const { membersKnown, isHost, hostName, lastHostName, playing, keptSec, seatSettled } = view;
  if (!membersKnown || isHost || hostName) return null;
  if (!lastHostName) return notice('no-host', 'Nobody is hosting yet.', 'seat', 'Host');
  const goesOn = playing ? ' The music plays on.' : '';
  if (keptSec !== null) {
    return {
      ...notice('host-lost', `${lastHostName} lost the connection.${goesOn} The seat is kept.`),
      count: Number.isFinite(keptSec) ? `${keptSec} s` : '',
    };
  }
  if (!seatSettled) return null;
  return notice('host-gone', `${lastHostName} left.${goesOn}`, 'seat', 'Take over');
}

function notice(id, text, action = null, label = '') {
  return { id, text, action, label, count: '' };
}

/** Who wanted to host came too late. */
export function seatTakenNotice({ hostName }) {
  const text = hostName
    ? `${hostName} is hosting now. You are listening along.`
    : 'Somebody else is hosting now. You are listening along.';
  return notice('seat-taken', text, 'dismiss', 'OK');
}

/** The seat was given to this member. */
export function seatGivenNotice(giverName) {
  return notice('seat-given', `${giverName} made you the host.`, 'dismiss', 'OK');
}

/** The host asked for something, and there was nobody to tell. */
export function unsentNotice() {
  return notice('unsent', 'That did not reach the room: there is no connection right now.');
}

/** Next, where nothing comes next. */
export function lastTrackNotice() {
  return notice('last', 'That is the last one in the queue.');
}

/** An ERROR of the server, for people. */
export function refusalNotice(message) {
  return notice('refused', refusalWords(String(message).slice(0, 200)), 'dismiss', 'OK');
}

function refusalWords(message) {
  if (message === 'Only host can control') return 'Only the host can do that.';
  if (/^(?:HAND_OVER|KICK): no member /.test(message)) return 'They are not here any more.';
  // 'TAKE_SEAT: Ana hosts this room'
  const told = /^(?:TAKE_SEAT|HAND_OVER|KICK): (.+)$/.exec(message);
  if (told) return `${told[1][0].toUpperCase()}${told[1].slice(1)}.`;
  return `The server did not accept that: ${message}`;
}
