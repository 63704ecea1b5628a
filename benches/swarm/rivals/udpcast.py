"""udpcast: the file goes once over the wire, by multicast, with repairs; then everyone hashes it."""

import shlex

from rivals.base import Rival


class Udpcast(Rival):
    """The sender starts when all receivers are there. Nothing is verified by itself: `sha256sum` counts."""

    name = "udpcast + sha256sum"
    about = "multicast, in full duplex; then everyone hashes the file"
    program = "udp-sender"
    multicast = True

    def start_seed(self, job):
        seed = job.start(0, "udp-sender", [
            "udp-sender", "--file", job.file, "--interface", "eth0", "--nokbd", "--full-duplex",
            "--min-receivers", job.leechers,
        ])
        job.children.wait_for(seed, lambda line: "UDP sender" in line or "Udp-sender" in line, 10, "udp-sender")
        return seed

    def start_leecher(self, job, node):
        target = shlex.quote(str(self.received(job, node)))
        script = f"udp-receiver --file {target} --interface eth0 --nokbd --no-progress && sha256sum {target}"
        return job.start(node, "udp-receiver", ["sh", "-c", script])

    def is_done(self, child, line):
        return line is None and child.ends() and child.exit_code == 0
