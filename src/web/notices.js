// The one notice above the cover: which of all the things that went on matters most now, and what it says.
//
// Pure, like words.js. A notice is `{ id, text, action, label }`; only true promises are made: the
// music "goes on" only where it is really heard.

/**
 * The one notice that matters most now, or null. `action` names what its button does:
 * 'host', 'reload', 'dismiss' or null.
 */
export function noticeWords(view) {
  if (view.flash?.id === 'unsent' && view.connection !== 'open') return view.flash;
  return connectionNotice(view) ?? updateNotice(view) ?? view.flash ?? seatNotice(view);
}

function connectionNotice({ connection, trouble, online, sounding }) {
  if (connection === 'open' || connection === 'idle') return null;
  if (connection === 'connecting' && !trouble) return null;
  if (trouble === 'switching') return null;
  const goesOn = sounding ? ' The music goes on;' : '';
  const retrying = sounding ? ' reconnecting.' : ' Reconnecting.';
  if (trouble === 'full') {
    return notice(
      'full',
      'This server is full: it takes no more people right now. Trying again by itself.',
    );
  }
  if (trouble === 'rooms') {
    return notice('rooms', 'This server has too many rooms open. Trying again by itself.');
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

function seatNotice({ membersKnown, isHost, hostName, lastHostName, playing }) {
  if (!membersKnown || isHost || hostName) return null;
  if (!lastHostName) {
    return notice('no-host', 'Nobody is hosting yet.', 'host', 'Host');
  }
  const goesOn = playing ? ' The music plays on.' : '';
  return notice(
    'host-gone',
    `${lastHostName} left.${goesOn} The host seat is free.`,
    'host',
    'Host',
  );
}

function notice(id, text, action = null, label = '') {
  return { id, text, action, label };
}

/**
 * The host seat was not free. `isOwn`: it is held by this page's own earlier connection; a name
 * would not tell, there may be two people of one name.
 */
export function seatTakenNotice({ hostName, isOwn }) {
  const text = isOwn
    ? 'Your earlier connection still holds the host seat. You get it back when that one ends.'
    : hostName
      ? `${hostName} is hosting now. You are listening along.`
      : 'Somebody else is hosting now. You are listening along.';
  return notice('seat-taken', text, 'dismiss', 'OK');
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
  const text =
    message === 'Only host can control'
      ? 'Only the host can do that.'
      : `The server did not accept that: ${String(message).slice(0, 200)}`;
  return notice('refused', text, 'dismiss', 'OK');
}
