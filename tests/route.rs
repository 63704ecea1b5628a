//! What a path means, and that every part of the page can be asked for.

use crate::common::random;

use jam::server::page::ASSETS;
use jam::server::route::{Route, route};
use random::for_each_seed;

const TRACK: &str = "2e5c2e7ab0a54c7ad9f0c3cf0b1d2b7b1f0fdc1ab6ed9a4b4f33c3d8a4de5f01";

/// The route in one line.
fn named(path: &str) -> String {
    match route(path) {
        Route::Page => "page".into(),
        Route::Asset(asset) => format!("asset {}", asset.name),
        Route::Track(id) => format!("track {id}"),
        Route::Cover(id) => format!("cover of {id}"),
        Route::Room(room) => format!("room {room}"),
        Route::RoomView(room) => format!("view of {room}"),
        Route::ServerInfo => "server".into(),
        Route::Qr => "qr".into(),
        Route::Health => "health".into(),
        Route::Metrics => "metrics".into(),
        Route::NotFound => "nothing".into(),
    }
}

#[test]
fn every_path_of_the_protocol_page_leads_where_it_says() {
    for (path, expected) in [
        ("/", "page"),
        ("/jam1", "page"),
        ("/jam1/", "page"),
        ("/ws", "page"),
        ("/ws/jam1", "room jam1"),
        ("/api/rooms/jam1", "view of jam1"),
        ("/api/server", "server"),
        ("/qr.svg", "qr"),
        ("/healthz", "health"),
        ("/metrics", "metrics"),
        ("/favicon.ico", "asset favicon.svg"),
        ("/assets/app.js", "asset app.js"),
    ] {
        assert_eq!(named(path), expected, "{path}");
    }
    assert_eq!(named(&format!("/tracks/{TRACK}")), format!("track {TRACK}"));
    assert_eq!(
        named(&format!("/tracks/{TRACK}/cover")),
        format!("cover of {TRACK}")
    );
    let shouted = TRACK.to_uppercase();
    assert_eq!(
        named(&format!("/tracks/{shouted}")),
        format!("track {TRACK}")
    );
}

#[test]
fn every_asset_is_found_under_its_name_and_has_a_known_kind() {
    for asset in &ASSETS {
        assert_eq!(
            named(&format!("/assets/{}", asset.name)),
            format!("asset {}", asset.name)
        );
        let (_, extension) = asset.name.rsplit_once('.').expect("an extension");
        // Others have no content type.
        assert!(
            ["js", "css", "svg", "png", "webmanifest"].contains(&extension),
            "{}",
            asset.name
        );
    }
}

#[test]
fn paths_that_lead_out_of_the_server_or_nowhere_are_nothing() {
    let long = format!("/{}", "x".repeat(65));
    for path in [
        "",
        "jam1",
        "//",
        "/..",
        "/../etc/passwd",
        "/assets/",
        "/assets/../limits.rs",
        "/assets/..%2findex.html",
        "/assets/index.html",
        "/assets/APP.js",
        "/assets//app.js",
        "/tracks/",
        "/tracks/t1",
        "/tracks/../../etc/passwd",
        "/ws/",
        "/ws/a b",
        "/ws/jam1/",
        "/ws/jam%31",
        "/api/rooms/",
        "/api/rooms",
        "/api/rooms/a/b",
        "/jam1/x",
        "/j\u{e4}m",
        "/jam1//",
        &long,
    ] {
        assert_eq!(named(path), "nothing", "{path}");
    }
}

#[test]
fn random_paths_never_panic() {
    const PIECES: [&str; 12] = [
        "/", "assets", "tracks", "ws", "api", "rooms", "..", "jam1", TRACK, "%2f", "é", ".",
    ];
    for_each_seed(10_000, |random| {
        let path: String = (0..random.below(8))
            .map(|_| *random.pick(&PIECES))
            .collect();
        let _any = named(&path);
    });
}
