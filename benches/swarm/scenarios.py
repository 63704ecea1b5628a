"""What is measured: the sizes, the links, the rounds, and which figures make a table."""

from dataclasses import dataclass, replace

from network import Link
from stats import MIB, bound_s

QUICK_SHARE = 4  # with --quick a file is a quarter as long, and there is one round
QUICK_BYTES_MIN = 5 * MIB
LATE_SHARE = 0.5  # the late ones start when the first have had this much
KILL_COPIES = 1.02  # copies of the file that have left the seed when it is killed


@dataclass(frozen=True)
class Scenario:
    """One table. A rate of 0 means links without limits: throughput is told instead of ratios."""

    name: str
    about: str
    size: int
    leechers: int
    link: Link
    rounds: int
    late: int = 0  # this many of the leechers start later
    kill: bool = False
    iperf: bool = False  # compare with iperf3 in the same rounds

    @property
    def bound_s(self):
        """The ideal of a leecher that is not slow; with a late group, theirs too if it could start at once."""
        return bound_s(self.size, self.link.rate_mbit) if self.link.rate_mbit else None

    @property
    def timeout_s(self):
        """Long enough for a server that feeds all by itself, twice."""
        if not self.bound_s:
            return 120
        slowest = min([self.link.rate_mbit, *self.link.slow.values()])
        return 30 + 2 * (self.leechers + 2) * bound_s(self.size, slowest if self.link.slow else self.link.rate_mbit)

    def is_slow(self, node):
        """Whether that node has another rate than most."""
        return node in self.link.slow

    def quick(self):
        """The same, shorter: enough to see that everything works."""
        return replace(self, size=max(QUICK_BYTES_MIN, self.size // QUICK_SHARE), rounds=1)


ALL = [
    Scenario("song", "a song for eight", 5 * MIB, 8, Link(100), 5),
    Scenario("album", "an album for eight", 64 * MIB, 8, Link(100), 3),
    Scenario("sixteen", "sixteen leechers at half the rate", 32 * MIB, 16, Link(50), 3),
    Scenario("loss", "5 % of the packets that any node sends are lost, one by one, at the bridge",
             16 * MIB, 8, Link(100, loss_percent=5), 3),
    Scenario("delay", "20 ms each way between any two nodes", 16 * MIB, 8, Link(100, delay_ms=20), 3),
    Scenario("slow", "two of the eight leechers have a tenth of the rate, in both directions",
             16 * MIB, 8, Link(100, slow={7: 10, 8: 10}), 3),
    Scenario("late", "four leechers start at once, four when the first have half (by the bytes that came to them)",
             64 * MIB, 8, Link(100), 3, late=4),
    Scenario("killed", f"the seed is killed when {KILL_COPIES} copies have left it (by the bytes on its link)",
             64 * MIB, 8, Link(100), 3, kill=True),
    Scenario("one-to-one", "one leecher, links without limits, files in memory", 1024 * MIB, 1, Link(0), 5,
             iperf=True),
]


def chosen(names, quick):
    """The scenarios to run, in the order of `ALL`; all without names."""
    found = [scenario for scenario in ALL if not names or scenario.name in names]
    return [scenario.quick() for scenario in found] if quick else found
