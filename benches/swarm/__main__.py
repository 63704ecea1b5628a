"""Measures jam's swarm beside other ways to give a file to many. `make bench-swarm` runs it; see --help.

The parts: `options` (command line), `scenarios` (what is measured), `rivals` (who), `network` (namespaces and
shaping), `process` (children), `run` (one transfer), `prove` (the network itself), `report` and `stats` (tables).
"""

import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import options
import report
import scenarios
from network import Link, remove_leftovers
from process import Failed, read_file
from prove import prove
from rivals import everyone
from run import iperf_once, run_once
from stats import MIB, interleave, size_text

NEEDED = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables", "nsenter": "util-linux", "cmp": "diffutils",
          "iperf3": "iperf3"}
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MEMORY_FOLDER = Path("/dev/shm")


class Bench:
    """What all runs share."""

    def __init__(self, chosen, folder):
        self.congestion = chosen.congestion
        self.folder = folder
        relay = chosen.tools / "swarm-delay"
        self.relay = relay.resolve() if relay.exists() else None


def main():
    chosen = options.parse()
    if os.geteuid() != 0:
        print("bench-swarm: needs root, for network namespaces and traffic shaping (try sudo)", file=sys.stderr)
        return 1
    missing = sorted({package for program, package in NEEDED.items() if not shutil.which(program)})
    if missing:
        print(f"bench-swarm: not installed: {', '.join(missing)} (benches/swarm/setup.sh)", file=sys.stderr)
        return 1
    for number in ENDING_SIGNALS:
        signal.signal(number, call_off)
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix="jam-swarm-", dir=MEMORY_FOLDER))
    try:
        bench = Bench(chosen, folder)
        if chosen.prove:
            return 0 if prove(bench) else 1
        return measure(bench, chosen)
    except Failed as failure:
        print(f"bench-swarm: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench-swarm: called off, everything is removed", file=sys.stderr)
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def call_off(*_):
    """Unwinds once, so that everything is removed; a second signal must not interrupt that."""
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def measure(bench, chosen):
    """All chosen scenarios; a competitor that fails is a line in the report, and the exit code stays 0."""
    competitors = wanted(everyone(chosen), chosen.rivals)
    sections, kept = [], []
    machine = about_machine(bench.congestion)
    try:
        for scenario in scenarios.chosen(chosen.only, chosen.quick):
            rounds = chosen.rounds or scenario.rounds
            results, iperf = run_scenario(bench, scenario, competitors, rounds)
            text = report.scenario_text(scenario, results)
            print("\n" + text, flush=True)
            sections.append(text)
            kept.append({"scenario": scenario.name, "size_bytes": scenario.size, "leechers": scenario.leechers,
                         "rate_mbit": scenario.link.rate_mbit, "bound_s": scenario.bound_s,
                         "iperf3_mbit": iperf, "results": results})
    finally:
        # Also what was measured before it was called off.
        if chosen.json:
            chosen.json.write_text(json.dumps({"machine": machine, "scenarios": kept}, indent=1), encoding="utf-8")
        if chosen.markdown and sections:
            who = [(rival.name, rival.about) for rival in competitors]
            chosen.markdown.write_text(report.document(machine, who, sections), encoding="utf-8")
    return 0


def wanted(competitors, rivals):
    """jam and its other builds always, and of the rivals those that are asked for."""
    if rivals == "all":
        return competitors
    parts = [] if rivals == "none" else rivals.lower().split(",")
    return [one for one in competitors if hasattr(one, "path") or any(part in one.name.lower() for part in parts)]


def run_scenario(bench, scenario, competitors, rounds):
    """The runs of each competitor by its name, or why there are none; and what iperf3 had, round by round."""
    results, able, iperf = {}, [], []
    for rival in competitors:
        why = rival.missing()
        if rival.multicast and scenario.late:
            why = "not measured: a multicast takes nobody who comes late"
        results[rival.name] = why or []
        if not why:
            able.append(rival)
    file = bench.folder / f"{scenario.name}.bin"
    make_file(file, scenario.size)
    try:
        for number, rival in interleave(rounds, able):
            if scenario.iperf and len(iperf) == number:
                iperf.append(iperf_once(bench, Link(0), [(0, 1)], 2)[0][0])
                progress(scenario, number, rounds, "iperf3", f"{iperf[-1]:.0f} Mbit/s")
            figures = run_once(bench, scenario, rival, file)
            results[rival.name].append(figures)
            progress(scenario, number, rounds, rival.name, told(figures))
    finally:
        file.unlink()
    for rival in able if scenario.iperf else []:
        report.with_iperf(results[rival.name], iperf)
    return results, iperf


def told(figures):
    """The figures of one run in a few words."""
    if "error" in figures:
        return f"FAILED: {figures['error']}"
    ratio = f", {figures['ratio']:.2f} times the bound" if "ratio" in figures else ""
    return f"{figures['last_s']:.2f} s{ratio}, seed sent {figures['seed_sent_copies']:.2f}"


def progress(scenario, number, rounds, name, text):
    """A line for each run."""
    print(f"{scenario.name} {number + 1}/{rounds} {name}: {text}", file=sys.stderr, flush=True)


def make_file(path, size):
    """Bytes that nothing can compress."""
    free = shutil.disk_usage(path.parent).free
    if free < 3 * size:
        raise Failed(f"{path.parent} has {size_text(free)} free, a file of {size_text(size)} needs more")
    with open(path, "wb") as file:
        for start in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - start)))


def about_machine(congestion):
    """One sentence for the report."""
    default = read_file("/proc/sys/net/ipv4/tcp_congestion_control").strip()
    return (f"The figures below are from Linux {platform.release()} on {os.cpu_count()} cores, TCP congestion control "
            f"{congestion or default}.")


if __name__ == "__main__":
    sys.exit(main())
