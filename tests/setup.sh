#!/bin/sh
# Installs what `make test` needs and is not there yet, or says the one command to type.
#
# npm packages go to node_modules, websocat to target/tools; only Chromium, mpv, curl, python3, openssl, nginx, nft and
# ip are the system's.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "make test: $1" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

have node && have npm || fail "Node.js 20 or later is missing; install it, for example: sudo apt-get install -y nodejs npm"

if [ ! -d node_modules ] || [ package-lock.json -nt node_modules ]; then
    npm ci
    touch node_modules
fi

missing=""
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    [ -z "${CHROMIUM:-}" ] || fail "CHROMIUM is $CHROMIUM, which cannot be run"
    missing="$missing chromium"
fi
# Plays in the tests of `jam listen`.
have mpv || missing="$missing mpv"
have curl || missing="$missing curl"
# Runs tests/leecher/leecher.py, a leecher that shares no code with jam; its standard library is enough.
have python3 || missing="$missing python3"
# Makes certificates, and says plain words over TLS.
have openssl || missing="$missing openssl"
# Networks that lose things, for the tests of `jam check`; both live where only root looks.
PATH="$PATH:/usr/sbin:/sbin"
have nft || missing="$missing nftables"
have ip || missing="$missing iproute2"
# Judges docs/jam.service; there are systems without it.
if have apt-get; then have systemd-analyze || missing="$missing systemd"; fi
# Stands in front of jam as docs/nginx.conf says.
have nginx || missing="$missing nginx-light"
if [ -n "$missing" ]; then
    install="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ] && have apt-get; then
        apt-get update
        # shellcheck disable=SC2086 # one word each
        DEBIAN_FRONTEND=noninteractive $install
    else
        fail "these are missing:$missing; type: sudo $install"
    fi
fi

# A WebSocket client that shares no code with jam: the room protocol is typed into it. Without TLS, it needs
# no library of the system.
PATH="$PWD/target/tools/bin:$PATH"
have websocat || cargo install websocat --version '^1.14' --locked --no-default-features --root target/tools
