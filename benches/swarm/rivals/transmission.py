"""Transmission: its command line client, which is the daemon for one torrent."""

import json

from rivals.base import Torrent

PORT = 51413
# What its documentation names for a local network: no uTP, no DHT, more slots than the default of 14.
SETTINGS = {
    "utp-enabled": False, "dht-enabled": False, "lpd-enabled": False, "pex-enabled": True,
    "port-forwarding-enabled": False, "upload-slots-per-torrent": 100, "peer-limit-per-torrent": 200,
    "encryption": 0, "preallocation": 0, "speed-limit-up-enabled": False, "speed-limit-down-enabled": False,
    "cache-size-mb": 64,
}


class Transmission(Torrent):
    """Tuned by its settings file."""

    name = "transmission-cli"
    about = "BitTorrent; no uTP, no DHT, 100 upload slots"
    program = "transmission-cli"

    def client(self, job, node, seeding):
        config = job.folder / f"transmission-{node}"
        config.mkdir()
        (config / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        return [
            "transmission-cli", "-g", config, "-w", job.home(node), "-p", PORT, "-M", "-et",
            "-f", job.folder / "done.sh", *(["-v"] if seeding else []), job.folder / "file.torrent",
        ]
