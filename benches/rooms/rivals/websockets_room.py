"""The room with Python's websockets library and its own broadcast, which waits for nobody.

websockets_room.py PORT
"""

import asyncio
import json
import sys
import time
import uuid

import uvloop
from websockets.asyncio.server import broadcast, serve
from websockets.exceptions import ConnectionClosed


def encode(message):
    return json.dumps(message, separators=(",", ":"))


class Room:
    def __init__(self):
        self.state = {"track_id": None, "status": "PAUSE", "offset_sec": 0.0, "timestamp": time.time()}
        self.host = None
        self.members = {}

    def state_text(self):
        return encode({"type": "STATE", "payload": self.state})

    def control(self, message):
        self.state = {
            "track_id": message.get("track_id"),
            "status": message["type"],
            "offset_sec": message.get("offset_sec", 0),
            "timestamp": time.time(),
        }
        broadcast(self.members.values(), self.state_text())


rooms = {}


async def member(socket):
    name = socket.request.path.removeprefix("/ws/")
    hello = json.loads(await socket.recv())
    is_host = hello.get("role") == "host"
    room = rooms.setdefault(name, Room())
    if is_host and room.host is not None:
        await socket.close(1008, "Host already assigned")
        return
    peer_id = "p" + uuid.uuid4().hex[:12]
    if is_host:
        room.host = peer_id
    room.members[peer_id] = socket
    try:
        await socket.send(room.state_text())
        await socket.send(encode({"type": "PEER", "peer_id": peer_id}))
        async for text in socket:
            await hear(room, peer_id, is_host, socket, json.loads(text))
    except ConnectionClosed:
        pass
    finally:
        del room.members[peer_id]
        if room.host == peer_id:
            room.host = None
        if not room.members:
            rooms.pop(name, None)


async def hear(room, peer_id, is_host, socket, message):
    kind = message.get("type")
    if kind in ("PLAY", "PAUSE"):
        if is_host:
            room.control(message)
        else:
            await socket.send(encode({"type": "ERROR", "message": "Only host can control"}))
    elif kind == "SIGNAL":
        to = room.members.get(message.get("to"))
        if to is None:
            await socket.send(encode({"type": "ERROR", "message": "no such member"}))
        else:
            await to.send(encode({"type": "SIGNAL", "from": peer_id, "blob": message.get("blob")}))
    else:
        await socket.send(encode({"type": "ERROR", "message": "unknown type"}))


async def main():
    async with serve(member, "127.0.0.1", int(sys.argv[1]), backlog=4096, compression=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
