#!/bin/sh
# Installs what `make bench-sync` records listeners with, as far as it can, and tells of the rest. The clock's part
# needs nothing of this.
set -eu

tell() {
    echo "bench-sync: $*" >&2
}

wanted=""
want() {
    command -v "$1" >/dev/null 2>&1 || wanted="$wanted $2"
}
want pulseaudio pulseaudio
want pactl pulseaudio-utils
want mpv mpv
want ffmpeg ffmpeg
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || wanted="$wanted chromium"
[ -n "$wanted" ] || exit 0
install="apt-get install -y --no-install-recommends$wanted"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    tell "not installed:$wanted; type: sudo $install"
    exit 0
fi
log="$(mktemp)"
# shellcheck disable=SC2086 # words on purpose
if ! (apt-get update && DEBIAN_FRONTEND=noninteractive $install) >"$log" 2>&1; then
    tell "could not install$wanted: $(tail -n 1 "$log")"
fi
rm -f "$log"
