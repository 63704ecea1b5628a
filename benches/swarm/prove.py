"""Proves the network itself: that links have their rate in both directions at once, and nothing else limits.

With cubic, which fills a queue: bbr leaves some percent of a link free on purpose, and what it reaches is told beside it.
"""

import re
import sys
import time
from statistics import median

from network import Link, Network
from process import Children, Failed
from run import iperf_once

NODES = 9
RATES_MBIT = (100, 50)
SHARE_MIN, SHARE_MAX = 94, 96  # percent of the rate, as TCP payload
SHARE_BOTH_MIN = 92  # where the acknowledgements of what comes in go out on the same link, up to 2.2 % of it
UNSHAPED_FACTOR_MIN = 10
CONNECT = """import socket, sys, time
for _ in range(5):
    start = time.monotonic(); socket.create_connection((sys.argv[1], 5201), 5).close()
    print((time.monotonic() - start) * 1e3, flush=True)
"""


def prove(bench):
    """Prints what was measured, and returns whether all of it is as it should be."""
    own, good = bench.congestion, True
    ring = [(node, (node + 1) % NODES) for node in range(NODES)]
    for rate in RATES_MBIT:
        for text, pairs, share_min in (("one way", [(0, 1)], SHARE_MIN),
                                       ("both ways at once", [(0, 1), (1, 0)], SHARE_BOTH_MIN),
                                       (f"a ring of {NODES}", ring, SHARE_BOTH_MIN)):
            for bench.congestion in dict.fromkeys(("cubic", own)):
                shares = [measured / rate * 100 for measured in iperf_once(bench, Link(rate), pairs, NODES)[0]]
                told = f"{rate} Mbit/s, {text}: {min(shares):.1f} to {max(shares):.1f} %, median {median(shares):.1f} %"
                if bench.congestion != "cubic":
                    print(f"     {told} with {own or 'the congestion control of this machine'}", flush=True)
                    continue
                fine = share_min <= median(shares) <= SHARE_MAX
                good &= fine
                print(f"{'good' if fine else 'BAD '} {told} with cubic (wanted {share_min} to {SHARE_MAX})", flush=True)
    bench.congestion = own
    free = iperf_once(bench, Link(0), [(0, 1)], 2)[0][0]
    fine = free > UNSHAPED_FACTOR_MIN * max(RATES_MBIT)
    good &= fine
    print(f"{'good' if fine else 'BAD '} without limits: {free:.0f} Mbit/s")
    good &= prove_loss(bench)
    return good & prove_delay(bench)


def prove_loss(bench):
    """5 % asked for; the bridge counts what came and what it dropped."""
    rates, told = iperf_once(bench, Link(100, loss_percent=5), [(0, 1), (1, 0)], 2)
    counts = [int(count) for count in re.findall(r"packets (\d+)", told)]
    share = sum(counts[1::2]) / max(1, sum(counts[0::2])) * 100
    fine = 4.5 <= share <= 5.5
    print(f"{'good' if fine else 'BAD '} loss of 5 %: {share:.2f} % of {sum(counts[0::2])} packets; TCP still carries "
          f"{rates[0]:.1f} and {rates[1]:.1f} Mbit/s")
    return fine


def prove_delay(bench):
    """20 ms each way: a connection takes 40 ms, and the rate is still there."""
    link = Link(100, delay_ms=20)
    try:
        with Children() as children, Network(children, 2, link, bench.congestion, bench.relay) as network:
            server = children.start("iperf3", [sys.executable, "-c", "import socket, time; s = socket.create_server("
                                    "('', 5201)); print('ready', flush=True); time.sleep(60)"], network.namespace(1))
            children.wait_for(server, lambda line: line == "ready", 5, "a server")
            client = children.start("client", [sys.executable, "-c", CONNECT, network.address(1)], network.namespace(0))
            took, until = [], time.monotonic() + 10
            while len(took) < 5 and time.monotonic() < until:
                took += [float(line) for child, line in children.events(1) if child is client and line]
        rates = iperf_once(bench, link, [(0, 1), (1, 0)], 2)[0]
    except Failed as failure:
        print(f"BAD  delay: {failure}")
        return False
    fine = len(took) == 5 and 40 <= median(took) <= 42
    print(f"{'good' if fine else 'BAD '} delay of 20 ms each way: round trip {median(took or [0]):.2f} ms (wanted 40 to 42); TCP "
          f"carries {rates[0]:.1f} and {rates[1]:.1f} Mbit/s")
    return fine
