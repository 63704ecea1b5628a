#!/bin/sh
# Installs what `make bench-swarm` compares jam with, as far as it can, and tells of the rest. Nothing here is needed
# to measure jam alone, but for iproute2, nftables, iperf3 and, for the scenario with delay, rustc.
#
#   setup.sh FOLDER     where the delaying program, a Python environment and rqbit are put
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "$1"
tools="$(cd "$1" && pwd)"
mkdir -p "$tools/logs"
libtorrent_version=2.1.1
rqbit_version=9.1.0

tell() {
    echo "bench-swarm: $*" >&2
}

# Packages of Debian, installed only by root and only when one of their programs is missing.
wanted=""
want() {
    command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"
}
want ip iproute2
want tc iproute2
want nft nftables
want iperf3 iperf3
want curl curl
want nginx nginx-light
want aria2c aria2
want transmission-cli transmission-cli
want udp-sender udpcast
if [ -n "$wanted" ]; then
    log="$tools/logs/install-swarm-apt.log"
    # shellcheck disable=SC2086 # words on purpose
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        tell "not installed:$wanted"
    elif ! DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $wanted >"$log" 2>&1; then
        tell "could not install$wanted: $(tail -n 1 "$log")"
    fi
fi

# The program that delays packets.
if ! command -v rustc >/dev/null 2>&1; then
    tell "rustc is not installed: no scenario with delay"
elif [ ! -e "$tools/swarm-delay" ] || [ "$here/delay.rs" -nt "$tools/swarm-delay" ]; then
    rustc --edition 2024 -O -o "$tools/swarm-delay" "$here/delay.rs"
fi

# libtorrent for Python, unless the machine has it.
if ! (cd / && python3 -c 'import libtorrent') 2>/dev/null && [ ! -e "$tools/swarm-venv/installed" ]; then
    log="$tools/logs/install-swarm-venv.log"
    if (python3 -m venv "$tools/swarm-venv" &&
        "$tools/swarm-venv/bin/pip" install --quiet "libtorrent==$libtorrent_version") >"$log" 2>&1; then
        touch "$tools/swarm-venv/installed"
    else
        rm -rf "$tools/swarm-venv"
        tell "could not install libtorrent for Python: $(tail -n 1 "$log")"
    fi
fi

# rqbit takes some minutes to build, once.
if [ ! -e "$tools/swarm-rqbit/bin/rqbit" ] && ! command -v rqbit >/dev/null 2>&1; then
    log="$tools/logs/install-swarm-rqbit.log"
    if ! command -v cargo >/dev/null 2>&1; then
        tell "cargo is not installed: no rqbit"
    elif ! nice -n 19 cargo install rqbit --version "$rqbit_version" --locked --root "$tools/swarm-rqbit" \
        --target-dir "$tools/swarm-rqbit/target" >"$log" 2>&1; then
        tell "could not build rqbit: $(tail -n 1 "$log")"
    else
        rm -rf "$tools/swarm-rqbit/target"
    fi
fi
