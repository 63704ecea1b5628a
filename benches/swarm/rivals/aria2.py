"""aria2 as a BitTorrent client."""

from rivals.base import Torrent

PORT = 6881


class Aria2(Torrent):
    """Set for a local network: no DHT, no limits, as many peers as there are."""

    name = "aria2"
    about = "BitTorrent; no DHT, peers without number, seeds for ever, files not preallocated"
    program = "aria2c"

    def client(self, job, node, seeding):
        return [
            "aria2c", "--no-conf", f"--dir={job.home(node)}", f"--listen-port={PORT}",
            "--enable-dht=false", "--enable-dht6=false", "--enable-peer-exchange=true",
            "--bt-max-peers=0", "--bt-request-peer-speed-limit=1024M", "--max-overall-upload-limit=0",
            "--seed-ratio=0.0", "--file-allocation=none", "--summary-interval=0", "--show-console-readout=false",
            "--bt-tracker-interval=1", f"--interface={job.network.address(node)}",
            *(["--check-integrity=true", "--bt-seed-unverified=false"] if seeding else []),
            f"--on-bt-download-complete={job.folder / 'done.sh'}", job.folder / "file.torrent",
        ]
