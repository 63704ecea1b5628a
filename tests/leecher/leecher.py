#!/usr/bin/env python3
"""Fetches a track from a node of jam: leecher.py HOST:PORT TRACK_ID FILE [KEY TEXT]

Written from docs/PROTOCOL.md alone, to prove that it is enough. Standard library only; it shares nothing with jam.
"""

import os
import socket
import struct
import sys

# ---- BLAKE3 --------------------------------------------------------------------------------------

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
CHUNK_START, CHUNK_END, PARENT, ROOT, KEYED, CONTEXT, MATERIAL = 1, 2, 4, 8, 16, 32, 64
PERMUTED = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
SIDES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
ACROSS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
MASK = 0xFFFFFFFF


def compress(value, block, counter, flags):
    """The first eight words of the output; `value` is eight words, `block` up to 64 bytes."""
    v = [*value, *IV[:4], counter & MASK, counter >> 32, len(block), flags]
    m = struct.unpack("<16I", block.ljust(64, b"\0"))
    for _ in range(7):
        for at, (a, b, c, d) in enumerate(SIDES + ACROSS):
            v[a] = (v[a] + v[b] + m[2 * at]) & MASK
            x = v[d] ^ v[a]
            v[d] = (x >> 16 | x << 16) & MASK
            v[c] = (v[c] + v[d]) & MASK
            x = v[b] ^ v[c]
            v[b] = (x >> 12 | x << 20) & MASK
            v[a] = (v[a] + v[b] + m[2 * at + 1]) & MASK
            x = v[d] ^ v[a]
            v[d] = (x >> 8 | x << 24) & MASK
            v[c] = (v[c] + v[d]) & MASK
            x = v[b] ^ v[c]
            v[b] = (x >> 7 | x << 25) & MASK
        m = [m[at] for at in PERMUTED]
    return [v[at] ^ v[at + 8] for at in range(8)]


def leaf(number, data, flags=0, key=IV):
    """The value of one leaf; `flags` with ROOT when there is no other."""
    value = key
    blocks = [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    for at, block in enumerate(blocks):
        first, last = at == 0, at == len(blocks) - 1
        here = flags & ~ROOT | first * CHUNK_START | last * (CHUNK_END | flags & ROOT)
        value = compress(value, block, number, here)
    return struct.pack("<8I", *value)


def parent(a, b, flags=0):
    return struct.pack("<8I", *compress(IV, a + b, 0, PARENT | flags))


def split(count):
    return 1 << (count - 1).bit_length() - 1


def fold(values, flags=0):
    if len(values) == 1:
        return values[0]
    left = split(len(values))
    return parent(fold(values[:left]), fold(values[left:]), flags)


def subtree(first, data, flags=0):
    """The value of the leaves of `data`, which begins with leaf `first` of the track; at most one leaf for a key."""
    if len(data) <= 1024:
        return leaf(first, data, flags)
    left = split(-(-len(data) // 1024))
    return parent(subtree(first, data[: left * 1024]), subtree(first + left, data[left * 1024 :]), flags)


def keyed(key, data):
    return leaf(0, data, KEYED | ROOT, struct.unpack("<8I", key))


def key_of_text(secret):
    context = leaf(0, b"jam swarm key 1", CONTEXT | ROOT)
    return leaf(0, secret.encode(), MATERIAL | ROOT, struct.unpack("<8I", context))


# ---- frames --------------------------------------------------------------------------------------

HELLO, WELCOME, PROOF, INFO, REFUSE = 0x01, 0x02, 0x03, 0x04, 0x0F
GET_MANIFEST, REQUEST, GET_PEERS, BYE, MANIFEST, CHUNK, EMPTY, PEERS = 0x10, 0x11, 0x12, 0x13, 0x20, 0x21, 0x22, 0x23
CHUNK_WANTED, ANY, NEWS = 0, 1, 2


class Node:
    """A connection to a node: frames out, frames in."""

    def __init__(self, address, track, key):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host.strip("[]"), int(port)), 3)
        self.socket.settimeout(15)
        self.shake_hands(track, key)

    def send(self, kind, *parts):
        body = b"".join(parts)
        self.socket.sendall(struct.pack(">IB", 1 + len(body), kind) + body)

    def read(self, count):
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            if not more:
                raise EOFError("the node closed the connection")
            got += more
        return got

    def expect(self, *kinds):
        """The next frame, of one of these kinds; its kind and body."""
        (length,) = struct.unpack(">I", self.read(4))
        assert 0 < length <= (4 << 20) + 32768, f"a frame of {length} bytes"
        frame = self.read(length)
        if frame[0] == REFUSE:
            raise ConnectionError(f"refused with code {frame[1]}: {frame[2:].decode()}")
        assert frame[0] in kinds, f"kind {frame[0]:02x}"
        return frame[0], Reader(frame[1:])

    def shake_hands(self, track, key):
        nonce, node_id = os.urandom(16), os.urandom(8)
        key_id = keyed(key, b"jam swarm key id")[:8]
        self.send(HELLO, b"jamswarm", bytes([1, 0]), track, key_id, nonce, node_id, bytes(5))
        _, body = self.expect(WELCOME)
        theirs, _their_id, proof = body.take(16), body.take(8), body.take(32)

        def prove(side):
            return keyed(key, b"jam swarm proof" + bytes([side]) + nonce + theirs + track)

        assert proof == prove(1), "the node does not know the key"
        self.send(PROOF, prove(0))
        # Cannot be dialled, holds nothing, knows nobody.
        self.send(INFO, struct.pack(">HBH", 0, 0, 0))
        _, body = self.expect(INFO)
        self.port, flags = body.number(">H"), body.number(">B")
        self.complete, self.addresses, self.bitfield = flags & 1 == 1, body.addresses(), body.rest()


class Reader:
    """The part of a body that has not been read yet."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, count):
        assert self.at + count <= len(self.body), "the frame is too short"
        self.at += count
        return self.body[self.at - count : self.at]

    def rest(self):
        return self.take(len(self.body) - self.at)

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def news(self):
        return [self.number(">I") for _ in range(self.number(">H"))]

    def addresses(self):
        found = []
        for _ in range(self.number(">H")):
            family = {4: socket.AF_INET, 6: socket.AF_INET6}[self.number(">B")]
            ip = self.take(4 if family == socket.AF_INET else 16)
            found.append((socket.inet_ntop(family, ip), self.number(">H")))
        return found


class Manifest:
    """What is known of a track, proved by its id."""

    def __init__(self, node, track):
        self.checksums = []
        while not self.checksums or len(self.checksums) < self.count:
            node.send(GET_MANIFEST, struct.pack(">I", len(self.checksums)))
            _, body = node.expect(MANIFEST)
            self.chunk_bytes, self.length = 1 << body.number(">B"), body.number(">Q")
            self.name = body.take(body.number(">H")).decode()
            last_leaf = body.take(body.number(">H"))
            siblings = [body.take(32) for _ in range(body.number(">B"))]
            assert body.number(">I") == len(self.checksums), "not what was asked for"
            values = body.rest()
            assert values and len(values) % 32 == 0
            self.checksums += [values[at : at + 32] for at in range(0, len(values), 32)]
            self.count = -(-self.length // self.chunk_bytes)
        assert len(self.checksums) == self.count
        alone = self.count == 1
        assert fold(self.checksums, ROOT) == track, "the checksums are those of another track"

        rest, counted = self.bytes_of(self.count - 1), 0
        while rest > 1024:
            rest -= 1024 * split(-(-rest // 1024))
            counted += 1
        assert (len(last_leaf), len(siblings)) == (rest, counted), "the length is not proved"
        value = leaf((self.length - 1) // 1024, last_leaf, ROOT if alone and not siblings else 0)
        for at, sibling in enumerate(siblings):
            value = parent(sibling, value, ROOT if alone and at == len(siblings) - 1 else 0)
        assert value == self.checksums[-1], "the length is not proved"

    def bytes_of(self, index):
        return min(self.chunk_bytes, self.length - index * self.chunk_bytes)

    def matches(self, index, data):
        flags = ROOT if self.count == 1 else 0
        right = len(data) == self.bytes_of(index)
        return right and subtree(index * self.chunk_bytes // 1024, data, flags) == self.checksums[index]


def fetch(node, track):
    manifest = Manifest(node, track)
    chunks, fresh, pass_over = {}, [], not node.complete
    while len(chunks) < manifest.count:
        missing = next(index for index in range(manifest.count) if index not in chunks)
        want = (CHUNK_WANTED, missing) if pass_over else (ANY, 0)
        news = struct.pack(f">H{len(fresh)}I", len(fresh), *fresh)
        node.send(REQUEST, struct.pack(">BI", *want), news)
        kind, body = node.expect(CHUNK, EMPTY)
        over, index, _news = body.number(">B"), body.number(">I"), body.news()
        pass_over, fresh = pass_over or over == 1 or kind == EMPTY, []
        if kind == CHUNK:
            data = body.rest()
            assert manifest.matches(index, data), f"chunk {index} is wrong"
            chunks[index] = data
            fresh = [index]
    node.send(GET_PEERS)
    node.expect(PEERS)[1].addresses()
    node.send(BYE, b"\1")
    return b"".join(chunks[index] for index in range(manifest.count)), manifest.name


def main(address, track, path, secret=None):
    key = key_of_text(secret) if secret else bytes(32)
    track = bytes.fromhex(track)
    data, name = fetch(Node(address, track, key), track)
    with open(path, "xb") as file:
        file.write(data)
    print(f"{name}: {len(data)} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
