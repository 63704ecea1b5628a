#!/bin/sh
# Interprets tests with Miri, which sees what no test can: that nothing undefined is done, in jam (which has no unsafe
# code) and in the crates below it. It is a hundred times slower than the machine, so only what is pure is tried.
set -eu
cargo +nightly miri --version > /dev/null 2>&1 || {
    echo "this needs Miri: rustup toolchain install nightly && rustup +nightly component add miri" >&2
    exit 1
}
cargo +nightly miri test --locked --lib -- room:: swarm::check_frames text:: track::
