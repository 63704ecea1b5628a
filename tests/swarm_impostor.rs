//! Somebody who tells the id of another node keeps nobody from that one.

use crate::common::frames::manifest_of;
use crate::common::liar::Talk;
use crate::common::node::{Seed, assert_same, fetch, free_port, noise, wait_until};
use crate::common::proxy::Proxy;
use crate::common::temp::TempFolder;
use jam::swarm::frame::Role;
use std::net::{Ipv4Addr, TcpStream};

#[test]
fn whoever_offers_itself_under_the_id_of_a_seed_does_not_keep_that_from_being_asked() {
    let folder = TempFolder::new();
    let bytes = noise(5, 300_000);
    let file = folder.write("song.bin", &bytes);
    let seed = Seed::start(&[&file], &["--chunk-size", "4KiB"]);
    let manifest = manifest_of("song.bin", &bytes, 12);
    let asked = TcpStream::connect(seed.address()).and_then(|to| Talk::dial(to, &manifest));
    let id = asked.expect("an answer").1.expect("its id");
    // The fetch reaches the seed only once the impostor is there.
    let proxy = Proxy::shut(seed.address());
    let port = free_port();
    let got = folder.join("got");
    let more = ["--listen-port", &port.to_string()];
    let fetching = fetch(seed.id(), &[&proxy.at()], &got, &more);
    let mut dialled = None;
    let at = (Ipv4Addr::LOCALHOST, port);
    let mut dial = || {
        dialled = TcpStream::connect(at).ok();
        dialled.is_some()
    };
    wait_until("it listens", &mut dial, || fetching.stderr.so_far());
    let dialled = dialled.expect("connected");
    let mut impostor = Talk::dial_as(id, Role::Offer, dialled, &manifest).expect("believed");
    // The same one twice is one.
    let again = TcpStream::connect(at)
        .and_then(|to| Talk::dial_as(id, Role::Offer, to, &manifest).map(|_| ()));
    let refused = again.expect_err("it is asked already").to_string();
    assert!(refused.contains("asks you already"), "{refused}");
    let nothing = std::thread::spawn(move || impostor.give_nothing(&manifest));
    proxy.unlock();
    fetching.success();
    assert_same(&got.join("song.bin"), &bytes);
    nothing.join().expect("no panic").expect_err("cut off");
}
