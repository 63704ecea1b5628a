"""A small network in namespaces: a bridge, and a node on each of its ports.

    node 0 (the seed)    node 1 ... node n (leechers)      each with a namespace of its own
      eth0                 eth0                            tbf on its way out: RATE up
       |                    |
       p0                   p1          namespace `switch` tbf on its way out: RATE down
        `------- br0 ------'

Everything is in namespaces whose names start with `jamswarm-` and the process id of the bench: nothing touches
the machine's own network, and removing the namespaces removes all of it.

Why these numbers: a burst of 2.5 ms at the rate is what a timer on a busy machine may be late without losing rate, and
only 32 KiB at 100 Mbit/s; a queue of 50 ms (625 KB at 100 Mbit/s) is what a port of a plain switch can hold when
one port is overloaded. The kernel may hand packets on in bundles up to the burst (GSO); with loss it may
not, since a bundle would be lost as one.
"""

import os
import pathlib
import subprocess
from dataclasses import dataclass, field

from process import Failed, command, read_file

PREFIX = "jamswarm"
BURST_MS = 2.5
BURST_BYTES_MIN = 16 << 10
QUEUE_MS = 50
TRACKER_ADDRESS = "10.77.0.254"
FRAME_BYTES = 1514  # an Ethernet frame with a full TCP segment
PAYLOAD_BYTES = 1448  # what that segment carries


@dataclass(frozen=True)
class Link:
    """How a node is connected, the same in both directions. A rate of 0 is no limit at all."""

    rate_mbit: float = 100
    loss_percent: float = 0  # of the packets that a node sends, whatever they carry
    delay_ms: float = 0  # added on the way from a node to the bridge, so once in each direction of a path
    slow: dict = field(default_factory=dict)  # node -> its own rate

    def rate_of(self, node):
        return self.slow.get(node, self.rate_mbit)


def shaping(rate_mbit):
    """The arguments of tc for one direction of a link."""
    burst = max(BURST_BYTES_MIN, round(rate_mbit * 1e6 / 8 * BURST_MS / 1e3))
    return f"tbf rate {round(rate_mbit * 1e6)}bit burst {burst} latency {QUEUE_MS}ms"


class Network:
    """A network of `nodes` nodes that exists inside the `with` block.

    `relay` is the program that delays packets (`delay.rs`), needed only where the link has a delay.
    """

    def __init__(self, children, nodes, link, congestion=None, relay=None):
        self.children = children
        self.nodes = nodes
        self.link = link
        self.congestion = congestion
        self.relay = relay
        self.switch = f"{PREFIX}-{os.getpid()}-switch"
        self.holder = None  # a process in the switch's namespace, through whose /proc counters are read

    def namespace(self, node):
        return f"{PREFIX}-{os.getpid()}-{node}"

    def address(self, node):
        return f"10.77.0.{node + 1}"

    def __enter__(self):
        try:
            self._build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        remove_namespaces(os.getpid())

    def _build(self):
        everyone = range(self.nodes)
        create = [f"netns add {name}" for name in (self.switch, *map(self.namespace, everyone))]
        command(["ip", "-batch", "-"], "\n".join(create))
        self._ip(self.switch, "link set lo up", "link add br0 type bridge mcast_snooping 0 forward_delay 0",
                 f"addr add {TRACKER_ADDRESS}/24 brd + dev br0", "link set br0 up")
        self._plug()
        self._ip(self.switch, *(f"link set p{node} master br0 up" for node in everyone))
        route = f"route replace 10.77.0.0/24 dev eth0 src {{}} congctl {self.congestion}"
        for node in everyone:
            self._ip(self.namespace(node), "link set lo up", "link set eth0 up",
                     f"addr add {self.address(node)}/24 brd + dev eth0",
                     f"route add default via {TRACKER_ADDRESS}",
                     *([route.format(self.address(node))] if self.congestion else []))
        if self.link.rate_mbit:
            for node in everyone:
                self._shape(self.namespace(node), "eth0", node)
                self._shape(self.switch, f"p{node}", node)
        if self.link.loss_percent:
            self._lose()
        self.holder = self.children.start("holder", ["sleep", "infinity"], self.switch)

    def _plug(self):
        """Connects the nodes: by veth, or by two taps with the relay between them where there is a delay."""
        if self.link.delay_ms:
            if not self.relay:
                raise Failed("the program that delays packets is not built (benches/swarm/setup.sh needs rustc)")
            taps = [name for node in range(self.nodes) for name in (f"n{node}", f"p{node}")]
            relay = self.children.start("relay", [self.relay, self.link.delay_ms, *taps], self.switch)
            self.children.wait_for(relay, lambda line: line == "ready", 5, "the relay")
            for node in range(self.nodes):
                self._ip(self.switch, f"link set n{node} netns {self.namespace(node)} name eth0")
            return
        for node in range(self.nodes):
            self._ip(self.switch, f"link add p{node} type veth peer name eth0 netns {self.namespace(node)}")

    def _shape(self, namespace, device, node):
        if self.link.loss_percent:
            self._ip(namespace, f"link set {device} gso_max_segs 1")
        command(["tc", "-n", namespace, *f"qdisc add dev {device} root".split(),
                 *shaping(self.link.rate_of(node)).split()])

    def _lose(self):
        """Drops at random what nodes send, where it reaches the bridge: after the uplink was spent on it."""
        per_million = round(self.link.loss_percent * 1e4)
        chains = "\n".join(
            f"  chain from{node} {{\n    type filter hook ingress device p{node} priority 0; policy accept;\n"
            f"    counter\n    numgen random mod 1000000 < {per_million} counter drop\n  }}"
            for node in range(self.nodes)
        )
        command(["ip", "netns", "exec", self.switch, "nft", "-f", "-"], f"table netdev loss {{\n{chains}\n}}\n")

    def _ip(self, namespace, *lines):
        command(["ip", "-n", namespace, "-batch", "-"], "\n".join(lines) + "\n")

    def counters(self):
        """For each node: (bytes it sent, bytes it was sent), whole Ethernet frames, counted at its port."""
        counted = {}
        for line in read_file(f"/proc/{self.holder.pid}/net/dev").splitlines()[2:]:
            device, _, numbers = line.partition(":")
            device, numbers = device.strip(), numbers.split()
            if device.startswith("p"):
                counted[int(device[1:])] = (int(numbers[0]), int(numbers[8]))
        return counted


def remove_namespaces(pid):
    """Ends what still runs in the namespaces of the bench with this process id, and removes them."""
    for path in sorted(pathlib.Path("/run/netns").glob(f"{PREFIX}-{pid}-*")):
        for process in command(["ip", "netns", "pids", path.name], check=False).split():
            if process.isdigit() and int(process) != os.getpid():
                subprocess.run(["kill", "-KILL", process], stderr=subprocess.DEVNULL, check=False)
        command(["ip", "netns", "del", path.name], check=False)


def remove_leftovers():
    """Removes what a bench that was killed outright has left behind."""
    pids = {path.name.split("-")[1] for path in pathlib.Path("/run/netns").glob(f"{PREFIX}-*-*")}
    for pid in pids:
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            remove_namespaces(pid)
