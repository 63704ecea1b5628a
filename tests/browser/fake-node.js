// Machines that say they move chunks, without moving any: WebSocket clients of a room's node protocol.
//
// They live in a window of the browser, for Node.js 20 has no WebSocket of its own.

export const TRACK_ID = 'c34b4ce12be22e3f92ade1cc20d46caed00dc006e5b423dad71487182140c8e9';
export const CHUNKS = 320;
export const CHUNK_BYTES = 16384;

/** `page` is any window on the server. The machine has joined room jam1 when this is done. */
export async function startNode(page, { name, nodeId, have = 0 }) {
  await page.evaluate(
    async ({ name, hello, announce }) => {
      const ws = new WebSocket(`${location.origin.replace('http', 'ws')}/ws/jam1`);
      window.nodes = { ...window.nodes, [name]: ws };
      ws.onopen = () => ws.send(JSON.stringify(hello));
      await new Promise((resolve, reject) => {
        ws.onclose = (event) => reject(new Error(`closed ${event.code} ${event.reason}`));
        ws.onmessage = ({ data }) => {
          const { type } = JSON.parse(data);
          if (type === 'PEER') ws.send(JSON.stringify(announce));
          if (type === 'PEERS') resolve();
        };
      });
      ws.onmessage = ws.onclose = null;
    },
    {
      name,
      hello: { type: 'HELLO', role: 'viewer', display_name: name, node: true },
      announce: {
        type: 'ANNOUNCE',
        room: 'jam1',
        port: 0,
        node_id: nodeId,
        track_id: TRACK_ID,
        total_chunks: CHUNKS,
        chunk_size: CHUNK_BYTES,
        have_count: have,
      },
    },
  );
  const send = (message) =>
    page.evaluate(([name, text]) => window.nodes[name].send(text), [name, JSON.stringify(message)]);
  return {
    /** It has gained chunks `from` up to `to`, and taken so many of each other in all: `[[nodeId, chunks]]`. */
    gain: async (from, to, received) => {
      const indices = Array.from({ length: to - from }, (_, index) => from + index);
      await send({ type: 'HAVE_DELTA', room: 'jam1', indices });
      await send({ type: 'LINKS', track_id: TRACK_ID, received, unreachable: [] });
    },
    /** Puts its track into the queue, and sends nothing of it. */
    offer: (offer) => send({ type: 'ADD', track_id: TRACK_ID, offer }),
    leave: () => page.evaluate((name) => window.nodes[name].close(), name),
  };
}
