// A party to record: a jam server with known music, the host's seat, and listeners with loudspeakers.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wavFile } from '../../../tests/browser/wav.js';
import { RATE_HZ } from './correlate.js';
import { startDelayLine } from './delay-line.js';
import { makeMusic, toPcm } from './music.js';
import { line } from './processes.js';
import { RoomHost } from './room-host.js';
import { SoundServer } from './sound-server.js';
import { TrackIndex } from './track-index.js';
import { until } from './wait.js';
import { hasTrack, openListener } from './windows.js';

const ROOM = 'jam1';

// The music of a run, made once: files for the players, samples to look their sound up in.
export class Music {
  constructor(folder, tracks) {
    const samples = tracks.map(({ seconds, seed }) => makeMusic(seconds, seed));
    this.index = new TrackIndex(samples);
    this.files = tracks.map(({ name }, i) => {
      const file = join(folder, `${name}.wav`);
      writeFileSync(file, wavFile([toPcm(samples[i])], RATE_HZ));
      return file;
    });
  }
}

export class Party {
  windows = [];
  #processes;
  #lines = [];

  // `listeners` is how many loudspeakers there are; files are what the room can play, in this order.
  static async start({ processes, jam, files, listeners, fastHz = {} }) {
    const party = new Party();
    party.#processes = processes;
    party.jam = jam;
    party.sound = await SoundServer.start(processes, listeners, { fastHz });
    const args = ['server', '--listen', '127.0.0.1:0', '--room', ROOM, '--share', ...files];
    party.server = processes.start(jam, args);
    const [, port] = await line(party.server, /http:\/\/[^/]*:(\d+)\//);
    party.port = Number(port);
    party.host = await RoomHost.join(party.port, ROOM);
    processes.atEnd(() => party.host.leave());
    return party;
  }

  // A line to the server that is slow; the port to use instead of the server's own.
  async slowLine(options) {
    const slow = await startDelayLine(this.port, options);
    this.#lines.push(slow);
    this.#processes.atEnd(slow.stop);
    return slow.port;
  }

  // A page that listens, with the loudspeaker of this number.
  async page(i, { port = this.port, isFast = false, ...options } = {}) {
    const url = `http://127.0.0.1:${port}/${ROOM}`;
    const env = this.sound.listener(i, { isFast });
    const window = await openListener(this.#processes, url, env, `Page ${i}`, options);
    this.windows[i] = window;
    return window.page;
  }

  // A `jam listen` with the loudspeaker of this number.
  listen(i, { port = this.port, args = [] } = {}) {
    const url = `http://127.0.0.1:${port}/${ROOM}`;
    const all = ['listen', url, '--name', `Listener ${i}`, '--json', ...args];
    return this.#processes.start(this.jam, all, { env: this.sound.listener(i) });
  }

  // Lets everybody load a track before the music begins.
  async prepare(track, { pages = [], players = [] } = {}) {
    this.host.pause(track, 0);
    await until('the STATE', () => this.host.state?.track_id === this.host.tracks[track].track_id);
    await Promise.all(pages.map(hasTrack));
    for (const player of players) await line(player, /"phase":"paused"|"status":"paused"/);
  }

  async stop() {
    await Promise.all(this.windows.filter(Boolean).map((window) => window.close()));
    for (const slow of this.#lines) slow.stop();
    this.host.leave();
    await this.#processes.end(this.server);
    await this.sound.stop();
  }
}
