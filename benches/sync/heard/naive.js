// What is compared with: a page with an <audio> element that plays when a message tells it to, and no clock.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const PAGE = `<!doctype html><title>naive</title><button id="join">Join</button>
<audio id="player" preload="auto" src="/music.wav"></audio><script>
  const player = document.getElementById('player');
  document.getElementById('join').onclick = () => {
    player.play().then(() => player.pause());
    new EventSource('/events').onmessage = ({ data }) => {
      player.currentTime = Number(data);
      player.play();
    };
  };
</script>`;

// Serves the page and its music; play(sec) sends all of them to that place at once.
export async function startNaive(musicFile) {
  const music = readFileSync(musicFile);
  const listeners = new Set();
  const server = createServer((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      listeners.add(response);
      response.on('close', () => listeners.delete(response));
    } else if (request.url === '/music.wav') sendMusic(request, response, music);
    else response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    listenerCount: () => listeners.size,
    play: (sec) => listeners.forEach((response) => response.write(`data: ${sec}\n\n`)),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

// With ranges, or the element could not seek.
function sendMusic({ headers }, response, music) {
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  const to = range?.[2] ? Number(range[2]) : music.length - 1;
  response.writeHead(range ? 206 : 200, {
    'content-type': 'audio/wav',
    'accept-ranges': 'bytes',
    'content-length': to - from + 1,
    ...(range && { 'content-range': `bytes ${from}-${to}/${music.length}` }),
  });
  response.end(music.subarray(from, to + 1));
}
