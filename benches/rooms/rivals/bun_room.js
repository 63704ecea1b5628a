// The room with Bun's own server (uWebSockets) and its native publish.
//
// bun_room.js PORT

const rooms = new Map();

function stateOf(track_id, status, offset_sec) {
  const payload = { track_id, status, offset_sec, timestamp: Date.now() / 1000 };
  return JSON.stringify({ type: 'STATE', payload });
}

function roomNamed(name) {
  let room = rooms.get(name);
  if (!room) {
    room = { name, state: stateOf(null, 'PAUSE', 0), host: null, members: new Map() };
    rooms.set(name, room);
  }
  return room;
}

function join(socket, hello) {
  const isHost = hello.role === 'host';
  const room = roomNamed(socket.data.name);
  if (isHost && room.host) return socket.close(1008, 'Host already assigned');
  const peerId = `p${crypto.randomUUID()}`;
  Object.assign(socket.data, { peerId, isHost, room });
  if (isHost) room.host = socket;
  room.members.set(peerId, socket);
  socket.subscribe(room.name);
  socket.send(room.state);
  socket.send(JSON.stringify({ type: 'PEER', peer_id: peerId }));
}

function leave({ peerId, isHost, room }) {
  room.members.delete(peerId);
  if (isHost) room.host = null;
  if (room.members.size === 0) rooms.delete(room.name);
}

function hear(socket, message) {
  const { peerId, isHost, room } = socket.data;
  const refuse = (text) => socket.send(JSON.stringify({ type: 'ERROR', message: text }));
  switch (message.type) {
    case 'PLAY':
    case 'PAUSE':
      if (!isHost) return refuse('Only host can control');
      room.state = stateOf(message.track_id, message.type, message.offset_sec);
      // To all of the room, this socket included.
      return server.publish(room.name, room.state);
    case 'SIGNAL': {
      const to = room.members.get(message.to);
      if (!to) return refuse('no such member');
      return to.send(JSON.stringify({ type: 'SIGNAL', from: peerId, blob: message.blob }));
    }
    default:
      return refuse('unknown type');
  }
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, server) {
    const name = new URL(request.url).pathname.replace('/ws/', '');
    if (server.upgrade(request, { data: { name, room: null } })) return undefined;
    return new Response('this room speaks WebSocket', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    message(socket, text) {
      const message = JSON.parse(text);
      if (socket.data.room) hear(socket, message);
      else join(socket, message);
    },
    close(socket) {
      if (socket.data.room) leave(socket.data);
    },
  },
});
