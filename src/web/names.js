// Names of rooms and people: what a typed room or a pasted address becomes, which room an address
// means, and a friendly name for somebody who has none yet.
//
// Pure: randomness comes in as an argument. A room name that leaves here is always one that the
// server accepts: 1 to 64 of A-Z a-z 0-9 _ -.

const ROOM_CHARS_MAX = 64;

/** The server cuts display names there. */
export const NAME_CHARS_MAX = 40;

/** Paths with a page of their own. */
const TAKEN = new Set(['healthz']);

/** Letters that Unicode does not take apart into a plain one and an accent. */
const PLAIN_LETTERS = {
  ß: 'ss',
  ẞ: 'SS',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
};
const ODD_LETTER = new RegExp(`[${Object.keys(PLAIN_LETTERS).join('')}]`, 'g');

/** 'http://host:8000', 'host:8000' before a path, 'host.local' before a path. */
const ORIGIN = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*|[^/\s?#]+:\d+(?=\/)|[\w-]+(\.[\w-]+)+(?=\/.))/i;

/**
 * 'Café Lena!' becomes 'Cafe-Lena', and an address the room that it leads to; '' when nothing
 * usable is left.
 */
export function normalizeRoomName(text) {
  const typed = decoded(String(text).trim());
  const path = typed.replace(ORIGIN, '');
  for (const part of path.split(/[?#]/)[0].split('/')) {
    const room = cleanRoom(part);
    if (room !== '') return room;
  }
  // Not an address, so '?' and '#' were only punctuation.
  return path === typed ? cleanRoom(typed) : '';
}

/** Why a room cannot have this (normalized) name, or null. */
export function roomNameProblem(room) {
  if (room === '') return 'Letters, digits, - and _ please.';
  if (TAKEN.has(room)) return 'The server keeps that name for itself. Another one, please.';
  return null;
}

/** 'naïve' and 'Naive' become the same. */
export function foldText(text) {
  return plainLetters(String(text)).toLowerCase();
}

function plainLetters(text) {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(ODD_LETTER, (letter) => PLAIN_LETTERS[letter]);
}

/** What a browser makes of an address is undone; a '%' that means itself stays. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function cleanRoom(text) {
  return plainLetters(text)
    .trim()
    .replace(/[\s.]+/g, '-')
    .replace(/[^A-Za-z0-9_-]/g, '')
    .replace(/-{2,}/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, ROOM_CHARS_MAX);
}

/** The room of a path, or null for the front page and for anything that is no room. */
export function roomFromPath(pathname) {
  const match = /^\/([A-Za-z0-9_-]{1,64})\/?$/.exec(pathname);
  return match ? match[1] : null;
}

/** A display name as it is sent: one line, trimmed, not longer than the server keeps. */
export function cleanName(text) {
  const folded = String(text)
    .replace(/[\s\u0000-\u001f\u007f]+/g, ' ')
    .trim();
  return Array.from(folded).slice(0, NAME_CHARS_MAX).join('').trim();
}

const MOODS = [
  'Merry',
  'Sunny',
  'Mellow',
  'Lucky',
  'Gentle',
  'Velvet',
  'Early',
  'Golden',
  'Cosy',
  'Wild',
];
const FRUITS = [
  'Quince',
  'Plum',
  'Fig',
  'Damson',
  'Cherry',
  'Apricot',
  'Mirabelle',
  'Currant',
  'Medlar',
  'Bramble',
  'Clementine',
  'Elderberry',
];

/** 'Sunny Quince'. `random` is two numbers from 0 up to 1. */
export function suggestName([moodRandom, fruitRandom]) {
  const pick = (list, random) => list[Math.floor(random * list.length) % list.length];
  return `${pick(MOODS, moodRandom)} ${pick(FRUITS, fruitRandom)}`;
}

/** One or two letters for a round badge. */
export function initials(name) {
  const words = String(name).trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  const text = letters.map((word) => Array.from(word)[0]).join('');
  return text.toLocaleUpperCase() || '?';
}
