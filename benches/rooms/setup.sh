#!/bin/sh
# Installs what `make bench-rooms` compares jam with, into the folder that is named. What cannot be had is
# noted in its folder `missing`, and becomes a line of the tables.
#
#   setup.sh FOLDER
set -eu
rivals="$(cd "$(dirname "$0")" && pwd)/rivals"
mkdir -p "$1"
tools="$(cd "$1" && pwd)"
rm -rf "$tools/missing"
mkdir -p "$tools/missing" "$tools/logs"

# The functions are called in a condition, where `set -e` does nothing: every step says && itself.

# Whether $2 is newer than the last time that $1 was installed.
is_old() {
    [ ! -e "$tools/$1/installed" ] || [ "$2" -nt "$tools/$1/installed" ]
}

python() {
    is_old venv "$rivals/requirements.txt" || return 0
    python3 -m venv "$tools/venv" &&
        "$tools/venv/bin/pip" install --quiet --requirement "$rivals/requirements.txt" &&
        touch "$tools/venv/installed"
}

# Without install scripts: Bun's program is in the package for this kind of machine.
npm_packages() {
    is_old npm "$rivals/package-lock.json" || return 0
    mkdir -p "$tools/npm" &&
        cp "$rivals/package.json" "$rivals/package-lock.json" "$tools/npm" &&
        (cd "$tools/npm" && npm ci --silent --ignore-scripts) &&
        ln -sf "$(echo "$tools"/npm/node_modules/@oven/*/bin/bun)" "$tools/npm/bun" &&
        touch "$tools/npm/installed"
}

# $1 is the name in `missing`, $2 the program that has to be there, $3 the function.
install() {
    log="$tools/logs/install-$1.log"
    if ! command -v "$2" >/dev/null 2>&1; then
        echo "$2 is not installed" >"$tools/missing/$1"
    elif ! ("$3") >"$log" 2>&1; then
        echo "could not be installed: $(tail -n 1 "$log")" >"$tools/missing/$1"
    fi
    [ ! -e "$tools/missing/$1" ] || echo "bench-rooms: $1: $(cat "$tools/missing/$1")" >&2
}

install python python3 python
install npm npm npm_packages
