// The room with Node.js and ws.
//
// ws_room.js PORT

const { createServer } = require('node:http');
const { randomUUID } = require('node:crypto');
const { WebSocket, WebSocketServer } = require('ws');

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

function join(socket, name, hello) {
  const isHost = hello.role === 'host';
  const room = roomNamed(name);
  if (isHost && room.host) {
    socket.close(1008, 'Host already assigned');
    return null;
  }
  const member = { peerId: `p${randomUUID()}`, isHost, room };
  if (isHost) room.host = member;
  room.members.set(member.peerId, socket);
  socket.send(room.state);
  socket.send(JSON.stringify({ type: 'PEER', peer_id: member.peerId }));
  return member;
}

function leave({ peerId, isHost, room }) {
  room.members.delete(peerId);
  if (isHost) room.host = null;
  if (room.members.size === 0) rooms.delete(room.name);
}

function hear(socket, { peerId, isHost, room }, message) {
  const refuse = (text) => socket.send(JSON.stringify({ type: 'ERROR', message: text }));
  switch (message.type) {
    case 'PLAY':
    case 'PAUSE': {
      if (!isHost) return refuse('Only host can control');
      room.state = stateOf(message.track_id, message.type, message.offset_sec);
      // Bytes made once; ws would encode a string for each member.
      const bytes = Buffer.from(room.state);
      for (const member of room.members.values()) {
        if (member.readyState === WebSocket.OPEN) member.send(bytes, { binary: false });
      }
      return;
    }
    case 'SIGNAL': {
      const to = room.members.get(message.to);
      if (!to) return refuse('no such member');
      return to.send(JSON.stringify({ type: 'SIGNAL', from: peerId, blob: message.blob }));
    }
    default:
      return refuse('unknown type');
  }
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
server.on('connection', (socket, request) => {
  const name = request.url.replace('/ws/', '');
  let member = null;
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    if (member) hear(socket, member, message);
    else member = join(socket, name, message);
  });
  socket.on('close', () => member && leave(member));
  socket.on('error', () => socket.terminate());
});
http.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
