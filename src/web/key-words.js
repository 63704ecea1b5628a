// What is said about keys: at the door of a room, and to who would like to host.
//
// Pure.

/** Why a room did not let this tab in, as room-socket.js names it. */
export const KEY_TROUBLES = [
  'key-needed',
  'key-wrong',
  'key-changed',
  'host-key-needed',
  'host-key-wrong',
  'key-attempts',
];

const SLIP = 'Capital letters and blanks count, and it may have been changed.';
const ATTEMPTS = {
  title: 'Too many wrong keys',
  text: 'Wait a minute before the next one. Everybody behind the same address is counted together.',
};

/** `{ title, text }` at the door of a room; `why` is one of KEY_TROUBLES. */
export function doorWords(why, roomName) {
  return {
    'key-needed': {
      title: `${roomName} takes a key`,
      text: 'Ask whoever told you of this room. The link that they share has it, too.',
    },
    'key-wrong': { title: 'That key does not fit', text: SLIP },
    'key-changed': {
      title: `${roomName} has a new key`,
      text: 'It was set while you were here. Ask the host for it, or for the link that has it.',
    },
    'host-key-needed': {
      title: 'Hosting takes a key here',
      text: 'Whoever runs this server has it. Listening is fine without.',
    },
    'host-key-wrong': { title: 'That host key does not fit', text: SLIP },
    'key-attempts': ATTEMPTS,
  }[why];
}

/** The same for who asked for the host seat inside the room; null when that was refused for something else. */
export function seatKeyWords(message) {
  return (
    {
      'TAKE_SEAT: Host key needed': doorWords('host-key-needed'),
      'TAKE_SEAT: Wrong host key': doorWords('host-key-wrong'),
      'TAKE_SEAT: Too many attempts': ATTEMPTS,
    }[message] ?? null
  );
}

/** A room before joining, of which only this is told. */
export function lockedWords(total) {
  const crowd = total === 0 ? 'Nobody is here yet.' : `${total} here.`;
  return `This room takes a key. ${crowd}`;
}

/** Why a look into the room from outside was refused, by the status of the answer; '' for anything else. */
export function lookTrouble(status) {
  if (status === 403) return `That key does not fit. ${SLIP}`;
  return status === 429 ? `${ATTEMPTS.title}. ${ATTEMPTS.text}` : '';
}

/** For who is in when somebody else has set a key, or taken it away. */
export function lockNews(locked) {
  return locked
    ? 'The host has set a new key. You stay, and need it to come back.'
    : 'Joining this room takes no key any more.';
}

/** For the host. */
export function lockRowWords(locked) {
  return locked
    ? { text: 'Who joins needs the key.', button: 'Change…' }
    : { text: 'Who knows the address can join.', button: 'Set a key…' };
}

/** Below an address that is shared; `hasKey`: it carries the key. */
export function shareKeyWords({ locked, hasKey }) {
  if (!locked) return '';
  return hasKey
    ? 'The key is part of it.'
    : 'This room takes a key that this window does not know: the host can tell.';
}
