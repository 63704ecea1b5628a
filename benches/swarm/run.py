"""One run: a network, a seed, its leechers, the clock, and afterwards the counting and the comparing."""

import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import scenarios
from network import FRAME_BYTES, PAYLOAD_BYTES, Network
from process import Children, Failed, command
from rivals.base import Job
from stats import GIB, payload_estimate

TICK_S = 0.02  # how often the counters are looked at where something depends on them
STALL_S = 25  # a swarm that has moved next to nothing for so long is over; Transmission waits 10 s for a slot
STALL_SHARE = 0.01  # of all that has to be received
IPERF_S = 5
IPERF_READY_S = 5


def run_once(bench, scenario, rival, file):
    """Measures one transfer and returns its figures by name; `error` is one of them when it failed."""
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=bench.folder))
    try:
        with Children() as children:
            with Network(children, scenario.leechers + 1, scenario.link, bench.congestion, bench.relay) as network:
                warm_up(folder, scenario)
                job = Job(file, network, children, folder, scenario.leechers)
                transfer = Transfer(scenario, rival, job)
                transfer.run()
                children.end()
                return transfer.figures()
    except (Failed, OSError) as failure:
        return {"error": str(failure)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def warm_up(folder, scenario):
    """Writes and removes twice as much as a node will: a virtual machine that has given memory back to its host gets it
    again a page at a time, which would be measured instead. Only where links have no limit does it matter."""
    if scenario.link.rate_mbit:
        return
    path, block = folder / "warm", bytes(1 << 20)
    with path.open("wb") as file:
        for _ in range(2 * scenario.size // len(block)):
            file.write(block)
    path.unlink()


class Transfer:
    """The transfer while it runs. The clock starts before the first leecher's process does."""

    def __init__(self, scenario, rival, job):
        self.scenario = scenario
        self.rival = rival
        self.job = job
        self.seed = None
        self.leechers = {}  # node -> child
        self.started_at = None
        self.late_at = None
        self.killed_at = None
        self.sent = None  # by the seed, when all were done
        self.counted = None  # at the start
        self.moved = (0, 0)  # when something last moved, and what had been received then

    def run(self):
        scenario, rival, job = self.scenario, self.rival, self.job
        rival.prepare(job)
        self.seed = rival.start_seed(job)
        self.counted = job.network.counters()
        self.started_at = time.monotonic()
        self.moved = (self.started_at, 0)
        self._start(range(1, scenario.leechers - scenario.late + 1))
        tick_s = TICK_S if scenario.late or scenario.kill else 1
        while not self._over():
            for child, line in job.children.events(tick_s):
                self._hear(child, line)
            self._act()
            if self._stalled():
                break
        self.sent = job.network.counters()[0][0] - self.counted[0][0]
        for child in (self.seed, *self.leechers.values()):
            child.note_peak_memory()

    def _start(self, nodes):
        for node in nodes:
            self.leechers[node] = self.rival.start_leecher(self.job, node)

    def _over(self):
        return len(self.leechers) == self.scenario.leechers and all(
            child.done_at or child.exit_code is not None for child in self.leechers.values()
        )

    def _stalled(self):
        """Whether nothing moves any more, or it has taken longer than anything should."""
        now = time.monotonic()
        if now - self.moved[0] > STALL_S / 10:
            received = sum(self._arrived(node) for node in self.leechers)
            if received - self.moved[1] > STALL_SHARE * self.scenario.size * self.scenario.leechers:
                self.moved = (now, received)
        return now - self.moved[0] > STALL_S or now - self.started_at > self.scenario.timeout_s

    def _hear(self, child, line):
        if child is self.seed:
            if line is None and not self.killed_at and not self.rival.multicast and child.ends():
                raise Failed(f"the seed ended: {child.why()}")
        elif child in self.leechers.values() and not child.done_at:
            if self.rival.is_done(child, line):
                child.done_at = time.monotonic()
            elif line is None and child.ends():
                if not self.killed_at:  # without the seed, ending is an answer
                    raise Failed(child.why())

    def _act(self):
        """Starts the late ones, kills the seed, when it is time."""
        scenario = self.scenario
        if scenario.late and not self.late_at:
            nodes = list(self.leechers)
            arrived = [self._arrived(node) for node in nodes]
            if sum(arrived) / len(arrived) >= scenarios.LATE_SHARE * scenario.size:
                self.late_at = time.monotonic()
                self._start(range(len(nodes) + 1, scenario.leechers + 1))
        if scenario.kill and not self.killed_at:
            sent = self.job.network.counters()[0][0] - self.counted[0][0]
            if payload_estimate(sent, FRAME_BYTES, PAYLOAD_BYTES) >= scenarios.KILL_COPIES * scenario.size:
                self.killed_at = time.monotonic()
                self.seed.note_peak_memory()
                self.seed.signal(signal.SIGKILL)

    def _arrived(self, node):
        """Payload that has come to a node, as far as frames tell."""
        come = self.job.network.counters()[node][1] - self.counted[node][1]
        return payload_estimate(come, FRAME_BYTES, PAYLOAD_BYTES)

    def figures(self):
        """What was measured, once all processes have ended. Raises `Failed` for a wrong file."""
        scenario = self.scenario
        finished = {node: child for node, child in self.leechers.items() if child.done_at}
        for node in finished:
            received = self.rival.received(self.job, node)
            if subprocess.run(["cmp", "-s", self.job.file, received], check=False).returncode != 0:
                raise Failed(f"leecher {node} says it is done, but its file differs")
        times = {node: child.done_at - self.started_at for node, child in finished.items()}
        found = {
            "finished": len(finished),
            "times_s": sorted(times.values()),
            "seed_sent_bytes": self.sent,
            "seed_sent_copies": self.sent / scenario.size,
            **self._cpu(),
            "seed_peak_mib": in_mib(self.seed.peak_kib),
            "leecher_peak_mib": in_mib(max((child.peak_kib or 0 for child in self.leechers.values()), default=0)),
            "reported": [child.reported for child in self.leechers.values() if child.reported],
        }
        if self.killed_at:
            found["killed_s"] = self.killed_at - self.started_at
        if len(finished) < scenario.leechers:
            laggard = next(child for child in self.leechers.values() if not child.done_at)
            found["error"] = f"only {len(finished)} of {scenario.leechers} got everything; {laggard.why()}"
            return found
        self._add_times(found, times)
        return found

    def _add_times(self, found, times):
        scenario, last_s = self.scenario, max(times.values())
        fast = [seconds for node, seconds in times.items() if not scenario.is_slow(node)]
        found.update(last_s=last_s, first_s=min(times.values()), spread_s=last_s - min(times.values()),
                     fast_last_s=max(fast), mib_s=scenario.size / last_s / (1 << 20))
        if self.late_at:
            late = [child.done_at - self.late_at for node, child in self.leechers.items()
                    if node > scenario.leechers - scenario.late]
            found.update(late_last_s=max(late), late_started_s=self.late_at - self.started_at)
        if scenario.bound_s:
            found["ratio"] = found["fast_last_s"] / scenario.bound_s
            if self.late_at:
                found["late_ratio"] = found["late_last_s"] / scenario.bound_s

    def _cpu(self):
        """Seconds for each GiB that a leecher received: of the seed, of the leechers, of both."""
        gib = self.scenario.size * len(self.leechers) / GIB
        seed = self.seed.cpu_s / gib
        leechers = sum(child.cpu_s for child in self.leechers.values()) / gib
        return {"cpu_s_per_gib": seed + leechers, "seed_cpu_s_per_gib": seed, "leecher_cpu_s_per_gib": leechers}


def in_mib(kib):
    """Nothing for 0 or nothing: the process had ended before anyone looked."""
    return kib / 1024 if kib else None


def iperf_once(bench, link, pairs, nodes, seconds=IPERF_S):
    """Plain TCP at once between all `pairs` of nodes, one stream each: [Mbit/s of payload received], and the
    report of `nft` on what was dropped, where the link loses packets."""
    with Children() as children:
        with Network(children, nodes, link, bench.congestion, bench.relay) as network:
            for node in {to for _, to in pairs}:
                server = children.start("iperf3", ["iperf3", "-s", "--forceflush"], network.namespace(node))
                children.wait_for(server, lambda line: "listening" in line, IPERF_READY_S, "iperf3")
            clients = [
                children.start("iperf3", ["iperf3", "-c", network.address(to), "-P", 1, "-t", seconds, "-O", 1, "-f", "k",
                                          "--forceflush"], network.namespace(start))
                for start, to in pairs
            ]
            rates = []
            for client in clients:
                client.rate = None
            while any(client.rate is None for client in clients):
                for child, line in children.events(seconds + 10) or [(clients[0], None)]:
                    if line is None and child in clients and child.rate is None:
                        raise Failed(f"iperf3 told no result: {child.why()}")
                    elif line and child in clients and line.endswith("receiver"):
                        child.rate = float(line.split("Kbits/sec")[0].split()[-1]) / 1e3
            rates = [client.rate for client in clients]
            dropped = ""
            if link.loss_percent:
                dropped = command(["ip", "netns", "exec", network.switch, "nft", "list", "table", "netdev", "loss"])
            return rates, dropped
