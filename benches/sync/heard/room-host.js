// A member of a room that plays nothing: it holds the host's seat and says what is played. Also the smallest
// WebSocket client that can do that; Node.js 20 has none of its own.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class RoomHost {
  #socket;
  #pending = Buffer.alloc(0);
  #isUpgraded = false;
  // The newest STATE payload and the tracks of the newest QUEUE.
  state = null;
  tracks = [];

  // Joins the room; done when the server has answered.
  static async join(port, room = 'jam1') {
    const host = new RoomHost();
    host.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(host.#socket, 'connect');
    const key = randomBytes(16).toString('base64');
    host.#socket.write(
      `GET /ws/${room} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    host.#send({ type: 'HELLO', role: 'host', display_name: 'Bench', wants: ['QUEUE'] });
    await new Promise((resolve, reject) => {
      host.#socket.on('data', (data) => {
        host.#read(data);
        if (host.tracks.length > 0) resolve();
      });
      host.#socket.on('error', reject).on('close', () => reject(new Error('the room is gone')));
    });
    return host;
  }

  // Plays a track by its place in the queue.
  play(track, offsetSec) {
    const { track_id } = this.tracks[track];
    this.#send({ type: 'PLAY', track_id, offset_sec: offsetSec });
  }

  pause(track, offsetSec) {
    const { track_id } = this.tracks[track];
    this.#send({ type: 'PAUSE', track_id, offset_sec: offsetSec });
  }

  leave() {
    this.#socket.destroy();
  }

  #send(message) {
    this.#frame(TEXT, Buffer.from(JSON.stringify(message)));
  }

  #frame(opcode, body) {
    const mask = randomBytes(4);
    const long = body.length > 125;
    const head = Buffer.alloc(long ? 4 : 2);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (long ? 126 : body.length);
    if (long) head.writeUInt16BE(body.length, 2);
    this.#socket.write(Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]));
  }

  #read(data) {
    this.#pending = Buffer.concat([this.#pending, data]);
    if (!this.#isUpgraded) {
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#pending = this.#pending.subarray(end + 4);
      this.#isUpgraded = true;
    }
    for (let frame = takeFrame(this.#pending); frame; frame = takeFrame(this.#pending)) {
      this.#pending = frame.rest;
      if (frame.opcode === PING) this.#frame(PONG, frame.body);
      if (frame.opcode === CLOSE) this.#socket.destroy();
      if (frame.opcode === TEXT) this.#hear(JSON.parse(frame.body));
    }
  }

  #hear({ type, payload, tracks, message }) {
    if (type === 'STATE') this.state = payload;
    if (type === 'QUEUE') this.tracks = tracks;
    if (type === 'ERROR') throw new Error(`the room says: ${message}`);
  }
}

// The first whole frame of `bytes`: { opcode, body, rest }, or null.
function takeFrame(bytes) {
  if (bytes.length < 2) return null;
  let [from, length] = [2, bytes[1] & 0x7f];
  if (length >= 126) {
    from = length === 126 ? 4 : 10;
    if (bytes.length < from) return null;
    length = from === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  }
  if (bytes.length < from + length) return null;
  const body = bytes.subarray(from, from + length);
  return { opcode: bytes[0] & 0x0f, body, rest: bytes.subarray(from + length) };
}
