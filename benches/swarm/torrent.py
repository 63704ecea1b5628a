"""Torrent files: BitTorrent metainfo, version 1 (BEP 3), for one file."""

import hashlib

# Piece sizes that Transmission picks; other programs differ little.
PIECE_KIB = ((50, 32), (150, 64), (350, 128), (512, 256), (1024, 512))  # (under so many MiB, KiB)
PIECE_KIB_MAX = 1024


def bencode(value):
    """The one encoding of an integer, bytes, text, list or dictionary (BEP 3)."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l%se" % b"".join(map(bencode, value))
    items = sorted((key.encode(), entry) for key, entry in value.items())
    return b"d%se" % b"".join(bencode(key) + bencode(entry) for key, entry in items)


def piece_bytes(length):
    """The usual piece size of a file of that length."""
    for mebibytes, kibibytes in PIECE_KIB:
        if length < mebibytes << 20:
            return kibibytes << 10
    return PIECE_KIB_MAX << 10


def make_torrent(path, tracker):
    """The content of a torrent file for the file at `path`, which is read once."""
    length = path.stat().st_size
    size = piece_bytes(length)
    pieces = []
    with open(path, "rb") as file:
        while piece := file.read(size):
            pieces.append(hashlib.sha1(piece).digest())
    info = {"length": length, "name": path.name, "piece length": size, "pieces": b"".join(pieces)}
    return bencode({"announce": tracker, "info": info})
