"""jam itself: `jam seed` and `jam fetch`, without a room."""

import json
import os
import re
import shutil

from rivals.base import READY_S, Rival

SEED_PORT = 9003
LEECHER_PORT = 9004
FETCH = re.compile(r"jam fetch\b.*?\b([0-9a-f]{64})\b")


class Jam(Rival):
    """Verifies every chunk (BLAKE3); leechers know nothing but the seed's address and the track id."""

    about = "BLAKE3 of every chunk; leechers are told of the seed only"

    def __init__(self, name, path):
        self.name = name
        self.path = path
        self.track_id = None

    def missing(self):
        path = shutil.which(os.path.abspath(self.path) if os.sep in str(self.path) else self.path)
        return None if path else f"not installed: {self.path}"

    def start_seed(self, job):
        path = os.path.abspath(self.path)
        seed = job.start(0, self.name, [path, "seed", job.file, "--listen-port", SEED_PORT])
        line = job.children.wait_for(seed, FETCH.search, READY_S, "`jam fetch TRACK_ID` from the seed")
        self.track_id = FETCH.search(line).group(1)
        return seed

    def start_leecher(self, job, node):
        seed = f"{job.network.address(0)}:{SEED_PORT}"
        home = job.home(node)
        return job.start(node, self.name, [
            os.path.abspath(self.path), "fetch", self.track_id, "--connect", seed,
            "--output", home, "--listen-port", LEECHER_PORT, "--json",
        ])

    def is_done(self, child, line):
        """Keeps what it reported, for the JSON of the bench."""
        if line is None or not line.startswith("{"):
            return False
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            return False
        if event.get("event") == "done":
            child.reported = event
            return True
        return False
