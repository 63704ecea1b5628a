"""The report: a table for each scenario, the same for the screen and for the documentation. Pure."""

from stats import MIB, size_text, spread, table

# Figure of a run, head of its column, form. The ratio's head says to what.
RATIO = ("ratio", "time / bound", "{:.2f}")
LAST = ("last_s", "last leecher s", "{:.2f}")
FIRST = ("first_s", "first s", "{:.2f}")
SPREAD = ("spread_s", "first to last s", "{:.2f}")
COPIES = ("seed_sent_copies", "seed sent / size", "{:.2f}")
CPU = ("cpu_s_per_gib", "CPU s/GiB", "{:.2f}")
LEECHER = ("leecher_peak_mib", "leecher MiB", "{:.0f}")
SEED = ("seed_peak_mib", "seed MiB", "{:.0f}")
COLUMNS = {
    "killed": [RATIO, LAST, ("killed_s", "killed at s", "{:.2f}"), SPREAD, ("finished", "finished", "{:.0f}"), CPU],
    "late": [RATIO, LAST, ("late_started_s", "late start s", "{:.2f}"), ("late_last_s", "late ones took s", "{:.2f}"),
             ("late_ratio", "late / bound", "{:.2f}"), COPIES],
    "slow": [RATIO, ("fast_last_s", "last fast one s", "{:.2f}"), LAST, COPIES, CPU],
    "one-to-one": [("of_iperf", "of iperf3", "{:.3f}"), ("mib_s", "MiB/s", "{:.0f}"), LAST, CPU,
                   ("seed_cpu_s_per_gib", "of the seed", "{:.2f}"), LEECHER, SEED],
}
USUAL = [RATIO, LAST, FIRST, SPREAD, COPIES, CPU, LEECHER, SEED]

NOTES = """## How it is taken

- Each node is a network namespace on one bridge. A token bucket (`tc tbf`) limits each direction of each node's link, with a burst of
  2.5 ms at the rate and a queue of 50 ms, as a port of a plain switch has it. MTU 1500.
- The clock starts before the leechers' processes do, all at once, while the seed has hashed its file and serves. It
  stops when the last leecher has verified everything. Starting a process counts. Hashing counts, for the plain
  downloads that of `sha256sum` too.
- The bound is size / rate: no leecher can receive the file in less. A full TCP segment needs 1514 bytes on the link for 1448
  of payload, so that 1.05 is the best there is.
- Runs are interleaved (A B C A B C). The figures are medians, with the range in brackets. After each run every leecher's
  file is compared with the original, byte by byte, outside the measured time.
- "seed sent" counts whole Ethernet frames on the seed's link, repeats and acknowledgements with them: 1.05 is one copy.
- CPU is user and system time of seed and leechers together (wait4), hashing with it, for each GiB received. What the kernel
  does in soft interrupts is in nobody's account. Memory is the largest resident set (VmHWM), of the leechers the
  largest; "-" for programs that have ended by then.
- Files are in memory (/dev/shm). Lost packets: each packet that a node has sent is lost with 5 %, one by one, at the bridge, so
  data one way and acknowledgements the other. Delay: 20 ms on each node's way to the bridge, by `delay.rs`, since
  not every kernel has netem. "Killed" and "late" go by the bytes on the link, a frame of 1514 counted as 1448;
  "killed at" is "-" when all were done before.
- BitTorrent clients share one tracker without limits and one torrent file, piece sizes as Transmission picks them.
"""


def columns_of(scenario, runs):
    """Those that at least one run has a figure for."""
    wanted = COLUMNS.get(scenario.name, USUAL)
    return [column for column in wanted if any(run.get(column[0]) is not None for run in runs)]


def scenario_text(scenario, results):
    """One table. `results` maps a competitor's name to its runs, or to a text when it was not measured."""
    every = [run for runs in results.values() if not isinstance(runs, str) for run in runs]
    columns = columns_of(scenario, every)
    rows, failures = [], []
    for name, runs in results.items():
        if isinstance(runs, str):
            failures.append(f"- {name}: {runs}")
            continue
        errors = [run["error"] for run in runs if "error" in run]
        rows.append([name, *(spread([run.get(key) for run in runs], form) for key, _, form in columns)])
        if errors:
            failures.append(f"- {name}: {len(errors)} of {len(runs)} runs failed: {errors[-1]}")
    rounds = max((len(runs) for runs in results.values() if not isinstance(runs, str)), default=0)
    lines = [f"### {scenario.name}: {scenario.about}", "", facts(scenario, rounds), ""]
    lines += [table(["", *(head for _, head, _ in columns)], rows)] if rows and columns else []
    return "\n".join([*lines, *failures, ""] if failures else lines)


def facts(scenario, rounds):
    """Sizes, rates and the bound, in one line."""
    who = f"{scenario.leechers} leecher{'s' if scenario.leechers > 1 else ''}"
    rate = f"{scenario.link.rate_mbit:g} Mbit/s each way" if scenario.link.rate_mbit else "no limit of rate"
    bound = f", bound {scenario.bound_s:.3f} s" if scenario.bound_s else ""
    return f"{size_text(scenario.size)}, {who}, {rate}{bound}, {rounds} round{'s' if rounds > 1 else ''}."


def with_iperf(runs, rates):
    """Adds to each run its throughput as a share of what iperf3 had in the same round."""
    for run, rate_mbit in zip(runs, rates):
        if run.get("mib_s") and rate_mbit:
            run["of_iperf"] = run["mib_s"] * MIB * 8 / 1e6 / rate_mbit
    return runs


def document(machine, competitors, sections):
    """The whole report as markdown."""
    who = "\n".join(f"- {name}: {about}" for name, about in competitors)
    return (f"# Benchmarks of the swarm\n\n`make bench-swarm` measures this; `OPTIONS=--help` tells how. {machine}\n\n"
            f"{NOTES}\nWho takes part:\n\n{who}\n\n## Results\n\n" + "\n".join(sections))
