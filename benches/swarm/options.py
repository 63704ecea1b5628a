"""The command line of the bench."""

import argparse
from pathlib import Path

import scenarios

EPILOG = """
Needs root (namespaces, tc, nft), and everything that `benches/swarm/setup.sh` tells of or installs. Rivals that are
missing are named in the tables. Nothing of the machine's own network is touched; the namespaces are removed
at the end and on Ctrl-C.
"""


def named_path(text):
    """NAME=PATH."""
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH")
    return name, path


def parse(arguments=None):
    """The options; ends the program with 2 for wrong ones."""
    names = ", ".join(scenario.name for scenario in scenarios.ALL)
    parser = argparse.ArgumentParser(
        prog="bench-swarm", epilog=EPILOG,
        description="Measures jam's swarm beside other ways to give a file to many, in network namespaces.",
    )
    parser.add_argument("--quick", action="store_true", help="one round, files a quarter as long")
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO",
                        help=f"only this scenario, may be repeated; of {names}")
    parser.add_argument("--rivals", default="all", metavar="LIST",
                        help="`all`, `none`, or parts of their names with commas between: nginx,tuned")
    parser.add_argument("--rounds", type=int, metavar="N", help="instead of each scenario's own number")
    parser.add_argument("--jam", default="target/release/jam", metavar="PATH", help="default: %(default)s")
    parser.add_argument("--also", type=named_path, action="append", default=[], metavar="NAME=PATH",
                        help="another build of jam to measure, may be repeated")
    parser.add_argument("--tools", type=Path, default=Path("target/bench"), metavar="FOLDER",
                        help="where setup.sh has put things; default: %(default)s")
    parser.add_argument("--congestion", metavar="NAME",
                        help="TCP congestion control for all, as cubic; default: the machine's own")
    parser.add_argument("--prove", action="store_true", help="measure the network itself instead, and tell")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every run there")
    parser.add_argument("--markdown", type=Path, metavar="FILE",
                        help="write the report there, as docs/swarm-benchmarks.md")
    chosen = parser.parse_args(arguments)
    known = {scenario.name for scenario in scenarios.ALL}
    for name in chosen.only:
        if name not in known:
            parser.error(f"no scenario {name!r}; there are {names}")
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error("--rounds has to be 1 or more")
    return chosen
