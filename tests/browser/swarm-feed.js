// SWARM messages for a page that is otherwise joined to a real server: they are put into its WebSocket on the
// way, for swarms that no test could bring together (a hundred machines, hostile names, a certain moment).

/** 64 digits that show `share` of a track, from its beginning. */
export function mapOf(share) {
  const filled = Math.round(share * 64 * 9);
  return Array.from({ length: 64 }, (_, index) =>
    Math.min(9, Math.max(0, filled - 9 * index)),
  ).join('');
}

/** An entry of SWARM: a track of 320 chunks of 16 KiB, of which it holds `have`. */
export function nodeOf(id, name, have, more = {}) {
  return {
    peer_id: id,
    name,
    track_id: 'c'.repeat(64),
    total_chunks: 320,
    chunk_size: 16384,
    have_count: have,
    map: mapOf(have / 320),
    from: [],
    unreachable: [],
    ...more,
  };
}

/** Call it before the page joins; the result's `say(nodes)` and `tell(message)` reach it as if from the server. */
export async function feed(page) {
  const routes = [];
  await page.routeWebSocket(/\/ws\//, (route) => {
    route.connectToServer();
    routes.push(route);
  });
  const tell = (message) => routes.at(-1).send(JSON.stringify(message));
  return { tell, say: (nodes) => tell({ type: 'SWARM', room: 'jam1', nodes }) };
}
