"""What the bench needs to know of a program that moves a file."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from network import TRACKER_ADDRESS, Network
from process import Children
from torrent import make_torrent

TRACKER_PORT = 6969
TRACKER = f"http://{TRACKER_ADDRESS}:{TRACKER_PORT}/announce"
READY_S = 30  # for a seed: 1 GiB has to be hashed, some do it twice
DONE_MARK = "swarm-bench-done"


@dataclass
class Job:
    """One transfer: what, among whom, and where files may be left."""

    file: Path
    network: Network
    children: Children
    folder: Path  # empty, removed after the run
    leechers: int

    def start(self, node, name, argv):
        """A process in that node's namespace and folder."""
        return self.children.start(f"{name} {node}", argv, self.network.namespace(node), self.home(node))

    def home(self, node):
        """The folder of a node."""
        home = self.folder / str(node)
        home.mkdir(exist_ok=True)
        return home


class Rival:
    """One program. A subclass says how to start it and how to see that it is done."""

    name = ""
    about = ""  # a sentence for the report: version, how it verifies, what was set
    program = ""  # what must be installed
    multicast = False  # cannot take leechers that come late

    def missing(self):
        """Why it cannot be measured here, or None."""
        return None if shutil.which(self.program) else f"not installed: {self.program}"

    def prepare(self, job):
        """Whatever may be done before the clock runs."""

    def start_seed(self, job):
        """Starts node 0 and returns its process once it serves, all hashing done."""
        raise NotImplementedError

    def start_leecher(self, job, node):
        """Starts a leecher and returns its process at once."""
        raise NotImplementedError

    def is_done(self, child, line):
        """Whether this line of its output says that the leecher has everything, verified.

        `line` is None when the process has ended.
        """
        return line is not None and DONE_MARK in line

    def received(self, job, node):
        """Where the leecher has put the file."""
        return job.home(node) / job.file.name


class Torrent(Rival):
    """A BitTorrent client: they all meet at the bench's tracker, which is a node without limits of rate."""

    tracker = None

    def prepare(self, job):
        torrent = job.folder / "file.torrent"
        torrent.write_bytes(make_torrent(job.file, TRACKER))
        # A script for clients that run one when they are done; it prints into their own output.
        script = job.folder / "done.sh"
        script.write_text(f"#!/bin/sh\necho {DONE_MARK}\n", encoding="utf-8")
        script.chmod(0o755)
        here = Path(__file__).parent.parent
        self.tracker = job.children.start(
            "tracker", [sys.executable, "-B", here / "tracker.py", TRACKER_ADDRESS, TRACKER_PORT], job.network.switch
        )
        job.children.wait_for(self.tracker, lambda line: line == "ready", READY_S, "the tracker")

    def client(self, job, node, seeding):
        """The command of a client on that node, which leaves the file in the node's folder."""
        raise NotImplementedError

    def start_seed(self, job):
        (job.home(0) / job.file.name).hardlink_to(job.file)
        seed = job.start(0, self.name, self.client(job, 0, True))
        job.children.wait_for(self.tracker, lambda line: line.endswith(" 0"), READY_S, "the seed's announcement")
        return seed

    def start_leecher(self, job, node):
        return job.start(node, self.name, self.client(job, node, False))
