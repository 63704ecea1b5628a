// Names of rooms and people: what a typed room becomes, which room an address means, and a
// friendly name for somebody who has none yet.
//
// Pure: randomness comes in as an argument. A room name that leaves here is always one that the
// server accepts: 1 to 64 of A-Z a-z 0-9 _ -.

const ROOM_CHARS_MAX = 64;

/** The server cuts display names there. */
export const NAME_CHARS_MAX = 40;

/** 'Café Lena!' becomes 'Cafe-Lena'; '' when nothing usable is left. */
export function normalizeRoomName(text) {
  return String(text)
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
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
