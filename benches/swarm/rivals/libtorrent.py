"""libtorrent (rasterbar) by its Python binding: the engine of qBittorrent and Deluge."""

import shutil
import subprocess
import sys
from pathlib import Path

from rivals.base import Torrent

PORT = 6881


class Libtorrent(Torrent):
    """Once as it comes, once tuned for a local network; `lt_node.py` has the settings."""

    def __init__(self, mode, tools):
        self.mode = mode
        self.name = f"libtorrent, {mode}"
        self.about = "BitTorrent; " + ("as it comes" if mode == "default" else "no uTP, no choking, many requests")
        venv = Path(tools) / "swarm-venv/bin/python3"
        self.python = str(venv) if venv.exists() else sys.executable

    def missing(self):
        if shutil.which(self.python):
            test = subprocess.run([self.python, "-c", "import libtorrent"], capture_output=True, check=False,
                                  cwd="/")
            if test.returncode == 0:
                return None
        return "not installed: libtorrent for Python"

    def client(self, job, node, seeding):
        script = Path(__file__).parent.parent / "lt_node.py"
        return [self.python, "-B", script, self.mode, job.folder / "file.torrent", job.home(node),
                f"{job.network.address(node)}:{PORT}", "seed" if seeding else "leecher"]
