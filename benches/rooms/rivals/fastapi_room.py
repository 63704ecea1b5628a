"""The room as FastAPI's documentation would have it: a connection manager that sends to one after the other.

fastapi_room.py PORT
"""

import json
import sys
import time
import uuid

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


def encode(message):
    return json.dumps(message, separators=(",", ":"))


class Room:
    def __init__(self):
        self.state = {"track_id": None, "status": "PAUSE", "offset_sec": 0.0, "timestamp": time.time()}
        self.host = None
        self.members = {}

    def state_text(self):
        return encode({"type": "STATE", "payload": self.state})

    async def control(self, message):
        self.state = {
            "track_id": message.get("track_id"),
            "status": message["type"],
            "offset_sec": message.get("offset_sec", 0),
            "timestamp": time.time(),
        }
        text = self.state_text()
        # A copy, because members leave while this waits.
        for socket in list(self.members.values()):
            try:
                await socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                pass  # Its own handler takes it out.


rooms = {}


@app.websocket("/ws/{name}")
async def serve(socket: WebSocket, name: str):
    await socket.accept()
    peer_id = None
    room = None
    try:
        hello = json.loads(await socket.receive_text())
        is_host = hello.get("role") == "host"
        room = rooms.setdefault(name, Room())
        if is_host and room.host is not None:
            await socket.close(1008, "Host already assigned")
            return
        peer_id = "p" + uuid.uuid4().hex[:12]
        if is_host:
            room.host = peer_id
        room.members[peer_id] = socket
        await socket.send_text(room.state_text())
        await socket.send_text(encode({"type": "PEER", "peer_id": peer_id}))
        while True:
            message = json.loads(await socket.receive_text())
            await hear(room, peer_id, is_host, socket, message)
    except WebSocketDisconnect:
        pass
    finally:
        if room is not None and peer_id is not None:
            room.members.pop(peer_id, None)
            if room.host == peer_id:
                room.host = None
            if not room.members:
                rooms.pop(name, None)


async def hear(room, peer_id, is_host, socket, message):
    kind = message.get("type")
    if kind in ("PLAY", "PAUSE"):
        if is_host:
            await room.control(message)
        else:
            await socket.send_text(encode({"type": "ERROR", "message": "Only host can control"}))
    elif kind == "SIGNAL":
        to = room.members.get(message.get("to"))
        if to is None:
            await socket.send_text(encode({"type": "ERROR", "message": "no such member"}))
        else:
            await to.send_text(encode({"type": "SIGNAL", "from": peer_id, "blob": message.get("blob")}))
    else:
        await socket.send_text(encode({"type": "ERROR", "message": "unknown type"}))


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        backlog=4096,
        log_level="warning",
        access_log=False,
        ws_per_message_deflate=False,
    )
