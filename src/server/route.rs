//! What a path means. Pure; no path of a request ever becomes a path on disk.

use super::page::{self, Asset};
use crate::room::name::RoomName;
use crate::track::id::TrackId;

#[derive(Debug)]
pub enum Route {
    Page,
    Asset(&'static Asset),
    Track(TrackId),
    Cover(TrackId),
    Room(RoomName),
    RoomView(RoomName),
    ServerInfo,
    Qr,
    Health,
    Metrics,
    NotFound,
}

/// `path` as it was sent. Nothing here has characters that would need decoding.
#[must_use]
pub fn route(path: &str) -> Route {
    match path {
        "/" => return Route::Page,
        "/healthz" => return Route::Health,
        "/metrics" => return Route::Metrics,
        "/qr.svg" => return Route::Qr,
        "/api/server" => return Route::ServerInfo,
        "/favicon.svg" | "/favicon.ico" => return asset("favicon.svg"),
        _ => {}
    }
    let rest = path.strip_prefix('/').unwrap_or_default();
    match rest.split_once('/') {
        None => RoomName::parse(rest).map_or(Route::NotFound, |_| Route::Page),
        Some(("assets", name)) => asset(name),
        Some(("tracks", rest)) => match rest.strip_suffix("/cover") {
            Some(id) => TrackId::parse(id).map_or(Route::NotFound, Route::Cover),
            None => TrackId::parse(rest).map_or(Route::NotFound, Route::Track),
        },
        Some(("ws", name)) => RoomName::parse(name).map_or(Route::NotFound, Route::Room),
        Some(("api", view)) => view
            .strip_prefix("rooms/")
            .and_then(RoomName::parse)
            .map_or(Route::NotFound, Route::RoomView),
        Some((name, "")) => RoomName::parse(name).map_or(Route::NotFound, |_| Route::Page),
        Some(_) => Route::NotFound,
    }
}

fn asset(name: &str) -> Route {
    page::asset(name).map_or(Route::NotFound, Route::Asset)
}

/// Whether this is where tracks are uploaded, with or without a slash at the end.
#[must_use]
pub fn is_upload(path: &str) -> bool {
    matches!(path, "/tracks" | "/tracks/")
}
