//! Hunts in the target that the variable TARGET names. With the variable SEEDS it writes what all hunts begin with into
//! that folder, and ends: so nothing has to be built twice.

#![no_main]

use std::path::Path;
use std::sync::LazyLock;

static NAME: LazyLock<String> =
    LazyLock::new(|| std::env::var("TARGET").expect("TARGET says what to hunt in"));

fn write_seeds_if_told() {
    if let Some(folder) = std::env::var_os("SEEDS") {
        let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
        jam_fuzz::seeds::write(&testdata, Path::new(&folder));
        std::process::exit(0);
    }
}

libfuzzer_sys::fuzz_target!(init: write_seeds_if_told(), |bytes: &[u8]| jam_fuzz::hunt(&NAME, bytes));
