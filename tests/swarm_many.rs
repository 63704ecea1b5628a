//! Swarms of several `jam seed` and `jam fetch`: everybody finishes, and everybody helps.

use crate::common::node;
use crate::common::proxy;
use crate::common::temp;

use node::{Running, Seed, assert_same, bytes_from, fetch, noise, wait_until};
use proxy::Proxy;
use temp::TempFolder;

#[test]
fn eight_leechers_of_one_seed_all_finish_and_help_each_other() {
    let folder = TempFolder::new();
    let bytes = noise(8, 8 << 20);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &[]);
    let running: Vec<Running> = (0..8)
        .map(|number| {
            let got = folder.join(&format!("got{number}"));
            fetch(seed.id(), &[&seed.at()], &got, &[])
        })
        .collect();
    let mut from_others = 0;
    for (number, running) in running.into_iter().enumerate() {
        let done = running.success().last_event("done");
        assert_eq!(bytes_from(&done), 8 << 20, "{done}");
        for source in done["sources"].as_array().expect("a list") {
            if source["address"] != seed.at().as_str() {
                from_others += source["bytes"].as_u64().expect("a number");
            }
        }
        assert_same(&folder.join(&format!("got{number}/song.bin")), &bytes);
    }
    assert!(
        from_others > 8 << 20,
        "leechers gave each other {from_others} bytes"
    );
}

#[test]
fn two_seeds_that_cut_the_track_differently_do_not_spoil_it() {
    let folder = TempFolder::new();
    let bytes = noise(2, 1_000_000);
    let file = folder.write("song.bin", &bytes);
    let seeds = ["4KiB", "64KiB"].map(|size| Seed::start(&[&file], &["--chunk-size", size]));
    for order in [[0, 1], [1, 0]] {
        let got = TempFolder::new();
        let from = order.map(|at| seeds[at].at());
        let from = [from[0].as_str(), from[1].as_str()];
        let outcome = fetch(seeds[0].id(), &from, got.path(), &[]).success();
        assert_same(&got.join("song.bin"), &bytes);
        let done = outcome.last_event("done");
        assert_eq!(done["sources"].as_array().map(Vec::len), Some(1), "{done}");
        assert!(!outcome.stderr.contains("cut off"), "{}", outcome.stderr);
    }
}

#[test]
fn leechers_finish_when_the_seed_is_killed_after_they_hold_every_chunk_between_them() {
    const CHUNKS: usize = 128;
    let folder = TempFolder::new();
    let bytes = noise(3, CHUNKS << 14);
    let file = folder.write("song.bin", &bytes);
    let mut seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    // The seed alone gives neither of them everything.
    let proxies = [(); 2].map(|()| Proxy::of_chunks(seed.address(), 90));
    let leechers = ["a", "b"].map(|name| {
        let proxy = &proxies[usize::from(name == "b")];
        fetch(seed.id(), &[&proxy.at()], &folder.join(name), &[])
    });
    let passed_on = || {
        let mut all = proxies[0].different_chunks();
        all.append(&mut proxies[1].different_chunks());
        all.len()
    };
    let between_them = || passed_on() == CHUNKS;
    wait_until("they hold all between them", between_them, || {
        passed_on().to_string()
    });
    seed.running.kill();
    for proxy in &proxies {
        proxy.allow(usize::MAX);
    }
    for (leecher, name) in leechers.into_iter().zip(["a", "b"]) {
        let done = leecher.success().last_event("done");
        assert_eq!(bytes_from(&done), 2 << 20);
        assert_eq!(done["sources"].as_array().map(Vec::len), Some(2), "{done}");
        assert_same(&folder.join(name).join("song.bin"), &bytes);
    }
}

#[test]
fn a_seed_whose_connection_is_lost_is_asked_by_its_other_address_at_once() {
    let folder = TempFolder::new();
    let bytes = noise(4, 1 << 20);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "16KiB"]);
    let mut proxies = [(); 2].map(|()| Proxy::of_chunks(seed.address(), 10));
    let from = [proxies[0].at(), proxies[1].at()];
    let running = fetch(seed.id(), &[&from[0], &from[1]], &folder.join("got"), &[]);
    let first = || proxies.iter().position(|proxy| proxy.chunks() == 10);
    wait_until("one of them is used", || first().is_some(), String::new);
    let first = first().expect("it came true");
    proxies[first].close();
    proxies[1 - first].allow(usize::MAX);
    running.success();
    assert_same(&folder.join("got/song.bin"), &bytes);
}
