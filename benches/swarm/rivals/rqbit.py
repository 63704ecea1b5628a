"""rqbit: a BitTorrent client in Rust, with tokio."""

import shutil
from pathlib import Path

from rivals.base import DONE_MARK, Torrent

PORT = 4240


class Rqbit(Torrent):
    """As it comes, but for DHT and other ways to the internet."""

    name = "rqbit"
    about = "BitTorrent; no DHT, no local discovery, tracker asked every second"

    def __init__(self, tools):
        own = Path(tools) / "swarm-rqbit/bin/rqbit"
        self.program = str(own.resolve()) if own.exists() else "rqbit"

    def missing(self):
        return None if shutil.which(self.program) else "not installed: rqbit (cargo install rqbit)"

    def client(self, job, node, seeding):
        return [
            "env", f"HOME={job.home(node)}", "NO_COLOR=1", self.program, "-v", "info", "--disable-dht",
            "--disable-lsd", "-i", "1s", "--listen-port", PORT,
            "download", "--disable-http-api", "--overwrite", "-o", job.home(node), job.folder / "file.torrent",
        ]

    def is_done(self, child, line):
        return line is not None and (DONE_MARK in line or "torrent finished downloading" in line)
