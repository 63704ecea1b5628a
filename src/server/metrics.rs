//! What a server counts about itself, as Prometheus reads it at `/metrics`.

use super::run::Hub;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A number that many threads add to.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub fn subtract(&self, amount: u64) {
        self.0.fetch_sub(amount, Ordering::Relaxed);
    }

    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counted since the server began, but for `members`, which is now.
#[derive(Debug, Default)]
pub struct Metrics {
    pub members: Count,
    pub connections: Count,
    pub refused: Count,
    pub requests: Count,
    pub messages_received: Count,
    pub messages_sent: Count,
    pub message_bytes_sent: Count,
    pub errors_sent: Count,
    pub track_bytes_sent: Count,
    pub uploads: Count,
    pub tracks_dropped: Count,
    pub upload_bytes_received: Count,
    /// Connections that the server ended, by reason.
    cut_offs: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    pub fn cut_off(&self, reason: &'static str) {
        *self.cut_offs().entry(reason).or_default() += 1;
    }

    fn cut_offs(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        // Numbers.
        self.cut_offs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The content type of Prometheus' text format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything in Prometheus' text format.
#[must_use]
pub fn render(hub: &Hub) -> String {
    let mut page = Page(String::new());
    let metrics = &hub.metrics;
    page.head("jam_build_info", "gauge", "The version that runs.");
    page.line("jam_build_info", &format!("version=\"{}\"", hub.version), 1);
    page.gauge("jam_rooms", "Rooms that exist.", hub.registry.len() as u64);
    page.gauge(
        "jam_members",
        "Members of all rooms.",
        metrics.members.get(),
    );
    page.gauge(
        "jam_connections",
        "Connections that are open.",
        hub.connections.count() as u64,
    );
    page.gauge(
        "jam_threads",
        "Threads that run.",
        hub.threads.count() as u64,
    );
    page.gauge(
        "jam_tracks",
        "Tracks that can be fetched.",
        hub.library.count() as u64,
    );
    page.counter(
        "jam_connections_total",
        "Connections that were accepted.",
        &metrics.connections,
    );
    page.counter(
        "jam_connections_refused_total",
        "Connections refused because the server was full.",
        &metrics.refused,
    );
    page.counter(
        "jam_http_requests_total",
        "HTTP requests, WebSocket upgrades included.",
        &metrics.requests,
    );
    page.counter(
        "jam_messages_received_total",
        "Messages from members, HELLO included.",
        &metrics.messages_received,
    );
    page.counter(
        "jam_messages_sent_total",
        "Frames to members.",
        &metrics.messages_sent,
    );
    page.counter(
        "jam_message_bytes_sent_total",
        "Bytes of the frames to members.",
        &metrics.message_bytes_sent,
    );
    page.counter(
        "jam_errors_sent_total",
        "ERROR messages that told a member what it did wrong.",
        &metrics.errors_sent,
    );
    page.counter(
        "jam_track_bytes_sent_total",
        "Bytes of tracks that were downloaded.",
        &metrics.track_bytes_sent,
    );
    page.counter(
        "jam_uploads_total",
        "Tracks that were uploaded.",
        &metrics.uploads,
    );
    page.counter(
        "jam_tracks_dropped_total",
        "Tracks that left the library to make room for others.",
        &metrics.tracks_dropped,
    );
    page.counter(
        "jam_upload_bytes_received_total",
        "Bytes of uploads, of those that failed too.",
        &metrics.upload_bytes_received,
    );
    page.head(
        "jam_cut_offs_total",
        "counter",
        "WebSockets that the server ended, by reason.",
    );
    for (reason, count) in metrics.cut_offs().iter() {
        let label = format!("reason=\"{reason}\"");
        page.line("jam_cut_offs_total", &label, *count);
    }
    page.0
}

struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "gauge", help);
        self.line(name, "", value);
    }

    fn counter(&mut self, name: &str, help: &str, count: &Count) {
        self.head(name, "counter", help);
        self.line(name, "", count.get());
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let done = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        done.expect("a String takes everything");
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        let done = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            _ => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
        done.expect("a String takes everything");
    }
}
