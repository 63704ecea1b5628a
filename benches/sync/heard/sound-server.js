// A PulseAudio of its own, in which every listener has a loudspeaker, and all loudspeakers are channels of one
// recording.
//
// One null sink has a channel for each listener, and with it one clock. Each listener plays into a sink of its
// own that is mapped onto one channel; the recorder takes all of them at once. So what the recording says of two
// listeners, it says on the same sample clock.
//
// A listener can have a sound card that runs fast: then its sink is a pipe, which pacat empties at another rate.

import { closeSync, openSync, readSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RATE_HZ } from './correlate.js';
import { run } from './processes.js';
import { until } from './wait.js';

const BYTES_PER_SAMPLE = 4;
const LATENCY_MS = 200;
const FAST_CARD_LATENCY_MS = 200;
// What other programs on a busy machine may not take from the recording.
const NICE = -10;

export class SoundServer {
  #processes;
  #folder;
  #count;
  #channels;
  #server;
  #recorder = null;
  #recorded;

  // fastHz: { listener: rate of its card }, for those whose card is off.
  static async start(processes, count, { fastHz = {} } = {}) {
    const server = new SoundServer(processes, count);
    await server.#begin(fastHz);
    return server;
  }

  constructor(processes, count) {
    this.#processes = processes;
    this.#folder = processes.folder;
    this.#count = count;
    this.#channels = Array.from({ length: count }, (_, i) => `aux${i}`);
    this.#recorded = join(this.#folder, 'recorded.f32');
  }

  async #begin(fastHz) {
    const socket = join(this.#folder, 'pulse');
    const config = join(this.#folder, 'sinks.pa');
    writeFileSync(config, this.#modules(socket, fastHz).join('\n') + '\n');
    writeFileSync(
      join(this.#folder, 'daemon.conf'),
      `default-sample-rate = ${RATE_HZ}\nalternate-sample-rate = ${RATE_HZ}\n`,
    );
    const env = {
      ...process.env,
      HOME: this.#folder,
      XDG_RUNTIME_DIR: this.#folder,
      PULSE_RUNTIME_PATH: this.#folder,
      PULSE_CONFIG_PATH: this.#folder,
      DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    };
    delete env.DISPLAY;
    const options = '-n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --high-priority=yes';
    const args = [...options.split(' '), '-F', config];
    this.#server = this.#processes.start('pulseaudio', args, { env });
    this.env = { ...env, PULSE_SERVER: `unix:${socket}` };
    await until('PulseAudio', () => {
      if (this.#server.child.exitCode !== null) throw new Error(this.#server.said);
      return this.#control('info') !== null;
    });
    for (const [listener, hertz] of Object.entries(fastHz)) this.#playPipe(listener, hertz);
  }

  #modules(socket, fastHz) {
    const all = this.#channels.join(',');
    const map = (i) =>
      `load-module module-remap-sink sink_name=L${i} master=bus channels=1 channel_map=mono ` +
      `master_channel_map=aux${i} remix=no`;
    const pipe = (i) =>
      `load-module module-pipe-sink sink_name=P${i} file=${this.#pipe(i)} rate=${RATE_HZ} ` +
      `format=s16le channels=1 channel_map=mono`;
    return [
      `load-module module-null-sink sink_name=bus rate=${RATE_HZ} format=float32le ` +
        `channels=${this.#count} channel_map=${all}`,
      // All channels at once, for the proof.
      `load-module module-remap-sink sink_name=ALL master=bus channels=${this.#count} ` +
        `channel_map=${all} master_channel_map=${all} remix=no`,
      ...this.#channels.map((_, i) => map(i)),
      ...Object.keys(fastHz).map(pipe),
      'set-default-sink L0',
      // Last, so that whoever gets an answer finds all of them.
      `load-module module-native-protocol-unix socket=${socket} auth-anonymous=1`,
    ];
  }

  #pipe(listener) {
    return join(this.#folder, `card-${listener}`);
  }

  // Empties the pipe of a listener's card into its channel, as fast as that card is.
  #playPipe(listener, hertz) {
    const args = `--playback --raw --format=s16le --channels=1 --rate=${hertz} --device=L${listener}`;
    const latency = `--latency-msec=${FAST_CARD_LATENCY_MS}`;
    const input = openSync(this.#pipe(listener), 'r');
    const stdio = [input, 'ignore', 'pipe'];
    this.#processes.start('pacat', [...args.split(' '), latency], { env: this.env, stdio });
    closeSync(input);
  }

  // The environment in which a program's sound comes out of this listener's loudspeaker.
  listener(i, { isFast = false } = {}) {
    return { ...this.env, PULSE_SINK: `${isFast ? 'P' : 'L'}${i}` };
  }

  #control(...args) {
    try {
      return run('pactl', args, { env: this.env });
    } catch {
      return null;
    }
  }

  // Begins to record all listeners. parec writes the file itself, so that nothing here is in the way.
  async record() {
    rmSync(this.#recorded, { force: true });
    const args = [
      ...`-d bus.monitor --raw --format=float32le --rate=${RATE_HZ}`.split(' '),
      `--channels=${this.#count}`,
      `--channel-map=${this.#channels.join(',')}`,
      `--latency-msec=${LATENCY_MS}`,
      this.#recorded,
    ];
    this.#recorder = this.#processes.start('nice', ['-n', `${NICE}`, 'parec', ...args], {
      env: this.env,
    });
    await until('the recording', () => this.seconds > 0);
  }

  // How long the recording is by now; behind what is heard by the recorder's latency.
  get seconds() {
    try {
      return statSync(this.#recorded).size / (BYTES_PER_SAMPLE * this.#count * RATE_HZ);
    } catch {
      return 0;
    }
  }

  // Plays a file of all channels to all listeners.
  playToAll(file) {
    const args = ['--device=ALL', `--channel-map=${this.#channels.join(',')}`, file];
    return this.#processes.start('paplay', args, { env: this.env });
  }

  // Ends the recording; returns an array of samples for each listener.
  async recorded() {
    await this.#processes.end(this.#recorder, 'SIGINT');
    this.#recorder = null;
    return readChannels(this.#recorded, this.#count);
  }

  async stop() {
    if (this.#recorder) await this.#processes.end(this.#recorder);
    await this.#processes.end(this.#server);
  }
}

// Reads samples that lie side by side into an array for each channel.
function readChannels(path, count) {
  const frames = Math.floor(statSync(path).size / (BYTES_PER_SAMPLE * count));
  const channels = Array.from({ length: count }, () => new Float32Array(frames));
  const file = openSync(path, 'r');
  const piece = new Float32Array(count * RATE_HZ);
  for (let frame = 0; frame < frames;) {
    const wanted = Math.min(RATE_HZ, frames - frame) * count * BYTES_PER_SAMPLE;
    const got = readSync(file, new Uint8Array(piece.buffer), 0, wanted, null);
    const whole = Math.floor(got / BYTES_PER_SAMPLE / count);
    if (whole === 0) break;
    for (let i = 0; i < whole; i += 1)
      for (let k = 0; k < count; k += 1) channels[k][frame + i] = piece[i * count + k];
    frame += whole;
  }
  closeSync(file);
  return channels;
}
