// A bad network between a browser and its server: slow, or down.
//
// It passes bytes on and never changes them.

import { connect, createServer } from 'node:net';
import { once } from 'node:events';

/** How much is passed on at a time, at most, while it is slow. */
const SLICE_BYTES = 16 * 1024;

/**
 * A way to the server at `port` of this machine. `setRate(bytesPerSec)` is for each connection; `down()` cuts
 * all of them and lets none come about until `up()`. `strand()` leaves those that there are without a word to
 * either side, as when a phone has changed network; new ones work. `requests` are the heads that were sent.
 */
export async function startProxy(port) {
  let bytesPerSec = Infinity;
  let isDown = false;
  const pairs = new Set();
  const requests = [];
  const listener = createServer((client) => {
    if (isDown) return client.destroy();
    const server = connect(port, '127.0.0.1');
    const pair = { client, server };
    pairs.add(pair);
    const end = () => {
      if (pair.isStranded && pairs.has(pair)) return;
      client.destroy();
      server.destroy();
      pairs.delete(pair);
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.on('data', (data) => {
      if (pair.isStranded) return;
      const head = /^GET (\S+) HTTP[^]*?\r\n\r\n/.exec(data.toString('latin1'));
      if (head) {
        const range = /^range: (.*)\r$/im.exec(head[0])?.[1] ?? null;
        requests.push({ path: head[1], range, passedBytes: 0 });
        pair.request = requests.at(-1);
      }
      server.write(data);
    });
    server.on('data', (data) => passOn(pair, data));
  });
  const passOn = (pair, data) => {
    const { client, server, request } = pair;
    if (pair.isStranded) return;
    const isSlow = bytesPerSec < Infinity && data.length > 2000;
    const slice = isSlow ? data.subarray(0, SLICE_BYTES) : data;
    client.write(slice);
    if (request) request.passedBytes += slice.length;
    if (!isSlow) return;
    server.pause();
    setTimeout(
      () => {
        if (!pairs.has(pair)) return;
        if (slice.length < data.length) passOn(pair, data.subarray(slice.length));
        else server.resume();
      },
      (1000 * slice.length) / bytesPerSec,
    );
  };
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cutAll = () => {
    for (const { client, server } of pairs) for (const socket of [client, server]) socket.destroy();
  };
  return {
    url: `http://localhost:${listener.address().port}`,
    requests,
    setRate: (rate) => (bytesPerSec = rate),
    down: () => {
      isDown = true;
      cutAll();
    },
    up: () => (isDown = false),
    strand: () => {
      for (const pair of pairs) pair.isStranded = true;
    },
    stop: () => {
      cutAll();
      listener.close();
    },
  };
}
