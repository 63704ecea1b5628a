// A network between the page and the server that can be slow, cut and away.
//
// Only uploads are slowed and cut one by one; everything else passes as it comes.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** So much of an upload gets through before it is held: enough to see it move. */
const HELD_AFTER_BYTES = 1 << 20;

/** Listens on a port of its own and leads to `port`. */
export async function openLine(port) {
  const pairs = new Set();
  const uploads = new Set();
  let held = false;
  let cutting = false;
  let away = false;
  const line = createServer({ pauseOnConnect: true }, (near) => {
    if (away) {
      near.destroy();
      return;
    }
    const far = connect(port, 'localhost');
    const pair = { near, far };
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      uploads.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      socket.on('error', end);
      socket.on('close', end);
      socket.setNoDelay(true);
    }
    let uploadedBytes = 0;
    const isHeld = () => held && uploads.has(pair) && uploadedBytes > HELD_AFTER_BYTES;
    near.on('data', (bytes) => {
      if (bytes.subarray(0, 4).toString('latin1') === 'PUT ') {
        uploads.add(pair);
        uploadedBytes = 0;
      }
      uploadedBytes += bytes.length;
      if (cutting && uploads.has(pair)) {
        for (const socket of [near, far]) socket.resetAndDestroy();
        return;
      }
      if (!far.write(bytes) || isHeld()) near.pause();
    });
    far.on('drain', () => isHeld() || near.resume());
    far.on('data', (bytes) => {
      if (!near.write(bytes)) far.pause();
    });
    near.on('drain', () => far.resume());
    near.resume();
  });
  line.listen(0, 'localhost');
  await once(line, 'listening');
  return {
    url: `http://localhost:${line.address().port}`,
    /** Uploads come to a halt. */
    hold: () => (held = true),
    /** They go on. */
    release: () => {
      held = false;
      cutting = false;
      for (const { near } of uploads) near.resume();
    },
    /** Every upload is reset, also the one with which a browser tries again by itself. */
    cutUploads: () => {
      cutting = true;
      for (const { near, far } of uploads)
        for (const socket of [near, far]) socket.resetAndDestroy();
    },
    /** Nothing gets through any more, until it comes back. */
    goAway: () => {
      away = true;
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.resetAndDestroy();
    },
    comeBack: () => (away = false),
    close: () => {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.destroy();
      line.close();
    },
  };
}
