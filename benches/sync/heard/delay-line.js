// A way to a server that is slow in both directions: every piece of bytes waits a random time, and none
// overtakes another. It never loses or changes a byte.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { seeded } from '../../../tests/browser/unit/random.js';

// So many bytes may wait in one direction of a connection; then its source is not read for a while.
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

// Every piece waits delayMs, give or take jitterMs, in each direction. Returns { port, stop() }.
export async function startDelayLine(serverPort, { delayMs, jitterMs, seed = 1 }) {
  const random = seeded(seed);
  const wait = () => random.between(delayMs - jitterMs, delayMs + jitterMs);
  const sockets = new Set();
  const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const to = { port: serverPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true };
    const server = connect(to);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    passOn(client, server, wait);
    passOn(server, client, wait);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: listener.address().port,
    stop: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function passOn(from, to, wait) {
  const row = new InOrder(wait);
  let waitingBytes = 0;
  from.on('data', (data) => {
    waitingBytes += data.length;
    if (waitingBytes > WAITING_BYTES_MAX) from.pause();
    row.push(() => {
      waitingBytes -= data.length;
      if (!to.destroyed) to.write(data);
      if (waitingBytes <= WAITING_BYTES_MAX) from.resume();
    });
  });
  from.on('end', () => row.push(() => to.end()));
  from.on('error', () => row.push(() => to.destroy()));
}

// Does things later, each at its own time but never before the one that came before it.
export class InOrder {
  #wait;
  #lastMs = 0;
  #row = [];
  #timer = null;

  constructor(wait) {
    this.#wait = wait;
  }

  push(act) {
    this.#lastMs = Math.max(this.#lastMs, performance.now() + this.#wait());
    this.#row.push({ atMs: this.#lastMs, act });
    this.#timer ??= setTimeout(() => this.#run(), this.#row[0].atMs - performance.now());
  }

  #run() {
    while (this.#row[0]?.atMs <= performance.now() + 0.5) this.#row.shift().act();
    const next = this.#row[0];
    this.#timer = next ? setTimeout(() => this.#run(), next.atMs - performance.now()) : null;
  }
}
