#!/bin/sh
# Hunts for bytes that break a decoder: sh fuzz/run.sh WORK [--seconds N] [--minimise] [TARGET...]
#
# Every target, or those named, is hunted in for N seconds (60 if it is not said), one after the other: from the examples
# in testdata, from testdata/fuzz, and from what earlier hunts left in WORK/corpus. What breaks one is kept in
# WORK/found and told. --minimise puts the smallest inputs that reach as much into testdata/fuzz, which is in the
# repository and kept small.
set -eu
cd "$(dirname "$0")/.."
work=$1
shift
seconds=60
minimise=
targets=
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=$2 && shift ;;
        --minimise) minimise=yes ;;
        *) targets="$targets $1" ;;
    esac
    shift
done
[ -n "$targets" ] ||
    targets=$(sed -n 's/^ *\(target(\)\{0,1\} *"\([a-z0-9_]*\)",.*/\2/p' fuzz/src/targets/mod.rs)

# What one target's folder in testdata/fuzz may have, the smallest inputs first.
folder_bytes_max=16384
folder_files_max=100

mkdir -p "$work/found"
work=$(cd "$work" && pwd)
PATH=$work/tools/bin:$PATH
if ! cargo +nightly fuzz --version > /dev/null 2>&1; then
    cargo +nightly --version || {
        echo "a hunt needs Rust's nightly toolchain: rustup toolchain install nightly" >&2
        exit 1
    }
    cargo install --quiet --locked --version 0.13.2 --root "$work/tools" cargo-fuzz
fi
# Without a sanitizer it hunts twice as fast, and jam has no unsafe code; SANITIZER=address looks at its dependencies.
cargo +nightly fuzz build --target-dir "$work/cargo" --sanitizer "${SANITIZER:-none}" decoder
decoder=$(ls "$work"/cargo/*/release/decoder)
SEEDS=$work/seeds "$decoder"

broken=0
printf '%-15s %10s %9s %6s %8s %7s\n' target executions 'a second' edges features inputs
for target in $targets; do
    corpus=$work/corpus/$target
    log=$work/$target.log
    kept=testdata/fuzz/$target
    mkdir -p "$corpus" "$kept"
    export TARGET="$target"
    "$decoder" "$corpus" "$work/seeds/$target" "$kept" -max_total_time="$seconds" -max_len=16384 -timeout=10 \
        -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$work/found/$target-" > "$log" 2>&1 || {
        broken=1
        grep -m 3 -e 'panicked' -e 'ERROR:' -A 2 "$log" || true
    }
    awk -v target="$target" -v corpus="$(ls "$corpus" | wc -l)" '
        / cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") edges = $(i + 1); if ($i == "ft:") features = $(i + 1) } }
        /number_of_executed_units/ { executions = $2 }
        /average_exec_per_sec/ { rate = $2 }
        END { printf "%-15s %10d %9d %6d %8d %7d\n", target, executions, rate, edges, features, corpus }' "$log"
    [ -z "$minimise" ] && continue
    small=$work/small/$target
    rm -rf "$small" && mkdir -p "$small"
    # A few inputs that reach every edge between them; how often they do does not count.
    "$decoder" -set_cover_merge=1 -use_counters=0 -max_len=2048 \
        -artifact_prefix="$work/found/$target-" "$small" "$kept" "$work/seeds/$target" "$corpus" > "$log.merge" 2>&1
    rm -rf "$kept" && mkdir -p "$kept"
    total=0
    for input in $(ls -rS "$small" | head -n "$folder_files_max"); do
        total=$((total + $(wc -c < "$small/$input")))
        [ "$total" -le "$folder_bytes_max" ] || break
        cp "$small/$input" "$kept/"
    done
done
exit "$broken"
