#!/bin/sh
# Runs the cases of the Autobahn test suite against jam's WebSocket: sh tests/conformance/run.sh TOOLS [OPTION...]
#
# kosoku, which runs them, comes from PyPI into TOOLS/kosoku; options are its own, such as --include '5.*'. The cases 12
# and 13 are about compression, which jam does not offer.
set -eu
tools=$1
shift

if [ ! -x "$tools/kosoku/bin/kosoku" ]; then
    python3 -m venv "$tools/kosoku" || {
        echo "this needs Python 3.10 and its module venv (python3-venv)" >&2
        exit 1
    }
    "$tools/kosoku/bin/pip" install --quiet --disable-pip-version-check kosoku==0.1.0
fi

cargo build --quiet --locked --example websocket_echo
echo_server=${CARGO_TARGET_DIR:-target}/debug/examples/websocket_echo

# It ends with its standard input, which is held open by this shell.
folder=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$folder"' EXIT
mkfifo "$folder/input"
"$echo_server" < "$folder/input" > "$folder/address" &
exec 3> "$folder/input"
until [ -s "$folder/address" ]; do sleep 0.1; done

"$tools/kosoku/bin/kosoku" --exclude '12.*' --exclude '13.*' --outdir "$tools/kosoku/report" "$@" "$(cat "$folder/address")"
