// Small music files, made here so that each is what its test needs: its length, its tags, its picture.

/** A cover of one green pixel. */
const PIXEL_PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkWPP/PwAE8AKvvHhVWwAAAABJRU5ErkJggg==',
  'base64',
);

const RATE_HZ = 8000;

/** A tone of `sec` seconds; another `hz` makes other bytes and so another track. */
export function wav({ sec = 2, hz = 440 } = {}) {
  const frames = Math.round(sec * RATE_HZ);
  const file = Buffer.alloc(44 + 2 * frames);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + 2 * frames, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE_HZ, 24);
  file.writeUInt32LE(2 * RATE_HZ, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36);
  file.writeUInt32LE(2 * frames, 40);
  for (let frame = 0; frame < frames; frame += 1) {
    const sample = 3000 * Math.sin((2 * Math.PI * hz * frame) / RATE_HZ);
    file.writeInt16LE(Math.round(sample), 44 + 2 * frame);
  }
  return file;
}

/** Silence with an ID3 tag in front: `title`, `artist`, `album`, and a cover. */
export function taggedMp3({ title, artist, album, sec = 3 }) {
  const text = (id, value) => id3Frame(id, Buffer.from(`\u0003${value}`, 'utf8'));
  const head = Buffer.from('\u0000image/png\u0000\u0003\u0000', 'latin1');
  const frames = Buffer.concat([
    text('TIT2', title),
    text('TPE1', artist),
    text('TALB', album),
    id3Frame('APIC', Buffer.concat([head, PIXEL_PNG])),
  ]);
  const tag = Buffer.concat([
    Buffer.from('ID3\u0003\u0000\u0000', 'latin1'),
    syncSafe(frames.length),
  ]);
  // MPEG 1 layer 3, 128 kbit/s, 44.1 kHz, mono: 417 bytes for 1152 samples, all of them zero.
  const silence = Buffer.alloc(417);
  silence.writeUInt32BE(0xfffb90c4, 0);
  const count = Math.ceil((sec * 44_100) / 1152);
  return Buffer.concat([tag, frames, ...Array.from({ length: count }, () => silence)]);
}

function id3Frame(id, body) {
  const head = Buffer.alloc(10);
  head.write(id, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

/** ID3 counts its own length in bytes of seven bits. */
function syncSafe(length) {
  return Buffer.from([21, 14, 7, 0].map((shift) => (length >> shift) & 0x7f));
}

/** As Playwright's `setInputFiles` takes it. */
export function asFile(name, buffer, mimeType = 'audio/wav') {
  return { name, mimeType, buffer };
}

/** Puts a file into the room from outside the page; only while the host is alone in it. */
export async function putTrack(url, name, body) {
  const answer = await fetch(`${url}/tracks?name=${encodeURIComponent(name)}&room=jam1`, {
    method: 'PUT',
    body,
  });
  if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
