//! The page: files of `src/web`, embedded in the binary. Nothing is read from disk.

use super::comments::without_comment_lines;
use super::connection::{finish_head, send};
use super::http::{Request, ResponseHead, Status};
use super::range::etag_is_listed;
use miniz_oxide::deflate::compress_to_vec_zlib;
use qrcodegen::{QrCode, QrCodeEcc};
use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::LazyLock;

/// Scripts and styles are files of this server; the sockets may go to any port of a room's host.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self' ws: wss:; media-src 'self' blob:; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A part of the page.
#[derive(Debug)]
pub struct Asset {
    pub name: &'static str,
    body: &'static [u8],
}

impl Asset {
    fn has_comments(&self) -> bool {
        self.name.ends_with(".js") || self.name.ends_with(".css")
    }
}

macro_rules! assets {
    ($($name:literal)*) => {
        &[$(Asset { name: $name, body: include_bytes!(concat!("../web/", $name)) }),*]
    };
}

/// Every file of `src/web` but `index.html`; a test compares the folder with this list.
pub const ASSETS: &[Asset] = assets! {
    "address.js"
    "app.js"
    "art.js"
    "buffer-player.js"
    "change-news.js"
    "clock-probes.js"
    "clock.js"
    "controls.js"
    "cover.js"
    "decks.js"
    "dialogs.js"
    "dom.js"
    "drag-list.js"
    "drawer.js"
    "drop-zone.js"
    "duration-teller.js"
    "element-pair.js"
    "element-player.js"
    "ending.js"
    "favicon.svg"
    "history-panel.js"
    "icon-180.png"
    "icon-192.png"
    "icon-512.png"
    "identity.js"
    "keyed-list.js"
    "keys.js"
    "known-tracks.js"
    "landing.js"
    "lobby.js"
    "lock-screen.js"
    "manifest.webmanifest"
    "member-sheet.js"
    "member-words.js"
    "message-log.js"
    "metronome.js"
    "move-sheet.js"
    "names.js"
    "next-track.js"
    "notices.js"
    "number-words.js"
    "output-clock.js"
    "output-device.js"
    "party.css"
    "party.js"
    "people-panel.js"
    "phase.js"
    "place.js"
    "playback.js"
    "player.js"
    "queue-desk.js"
    "queue-edits.js"
    "queue-panel.js"
    "queue-row.js"
    "queue.css"
    "record.js"
    "reporter.js"
    "rights.js"
    "room-model.js"
    "room-socket.js"
    "seat-desk.js"
    "seat.css"
    "server-scout.js"
    "sound-desk.js"
    "sound-output.js"
    "sound.css"
    "stage.js"
    "storage.js"
    "style.css"
    "swarm-dot-layer.js"
    "swarm-dots.js"
    "swarm-layout.js"
    "swarm-model.js"
    "swarm-node.js"
    "swarm-panel.js"
    "swarm-picture.js"
    "swarm-table.js"
    "swarm-words.js"
    "swarm.css"
    "sync-sheet.js"
    "sync-words.js"
    "tap-to-beat.js"
    "timeline.js"
    "toast.js"
    "track-loader.js"
    "track-media.js"
    "track-shelf.js"
    "track-words.js"
    "trim.js"
    "upload-queue.js"
    "upload-request.js"
    "upload-words.js"
    "uploads-panel.js"
    "views.css"
    "voice.js"
    "volume.js"
    "wake-watch.js"
    "words.js"
};

/// The parts made ready to send, in the same order; made when the first of them is asked for.
static PACKED: LazyLock<Vec<Packed>> = LazyLock::new(|| {
    ASSETS
        .iter()
        .map(|asset| match str::from_utf8(asset.body) {
            Ok(text) if asset.has_comments() => {
                Packed::new(without_comment_lines(text).into_bytes().into())
            }
            _ => Packed::new(asset.body.into()),
        })
        .collect()
});

/// A file as it travels.
#[derive(Debug)]
struct Packed {
    plain: Cow<'static, [u8]>,
    /// zlib; the page is a quarter of its size then.
    deflated: Vec<u8>,
    etag: String,
}

impl Packed {
    fn new(plain: Cow<'static, [u8]>) -> Self {
        const LEVEL: u8 = 8;
        let hash = blake3::hash(&plain).to_hex();
        Self {
            deflated: compress_to_vec_zlib(&plain, LEVEL),
            etag: format!("\"{}\"", &hash[..16]),
            plain,
        }
    }
}

/// The page itself, with the server's version filled in.
#[derive(Debug)]
pub struct Page(Packed);

impl Page {
    #[must_use]
    pub fn new(version: &str) -> Self {
        let html = include_str!("../web/index.html")
            .replace("{{version}}", version)
            .replace("{{modulepreload}}", &module_preloads());
        Self(Packed::new(html.into_bytes().into()))
    }
}

/// A link for each script, so that a browser asks for all at once instead of one import after the other.
fn module_preloads() -> String {
    let scripts = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
    let links = scripts.map(|asset| {
        format!(
            "<link rel=\"modulepreload\" href=\"/assets/{}\" />",
            asset.name
        )
    });
    links.collect::<Vec<_>>().join("\n    ")
}

/// The part of this name.
#[must_use]
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Status is 404 for an address that the page will tell the reader is no room.
///
/// # Errors
/// When the response could not be sent.
pub fn send_page(
    page: &Page,
    socket: &TcpStream,
    request: &Request,
    status: Status,
) -> io::Result<()> {
    send_file(socket, request, status, "text/html; charset=utf-8", &page.0)
}

/// # Errors
/// When the response could not be sent.
pub fn send_asset(asset: &Asset, socket: &TcpStream, request: &Request) -> io::Result<()> {
    let place = ASSETS.iter().position(|other| other.name == asset.name);
    let packed = &PACKED[place.expect("bug: an asset is in the list")];
    send_file(
        socket,
        request,
        Status::Ok,
        content_type(asset.name),
        packed,
    )
}

/// Browsers keep the files, but ask each time: a server that was updated must not be met by an old page.
fn send_file(
    mut socket: &TcpStream,
    request: &Request,
    status: Status,
    content_type: &str,
    file: &Packed,
) -> io::Result<()> {
    let head = |status| {
        ResponseHead::new(status)
            // Weak, because it names the file however it is packed.
            .field("ETag", format_args!("W/{}", file.etag))
            .field("Cache-Control", "no-cache")
            .field("Vary", "Accept-Encoding")
            .field("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .field("X-Content-Type-Options", "nosniff")
            .field("Referrer-Policy", "no-referrer")
    };
    let known = request.if_none_match.as_deref();
    if status == Status::Ok && known.is_some_and(|list| etag_is_listed(list, &file.etag)) {
        return socket.write_all(&finish_head(request, head(Status::NotModified)));
    }
    let head = head(status).field("Content-Type", content_type);
    // A picture is packed already.
    let is_smaller = file.deflated.len() < file.plain.len();
    if request.accepts_deflate && is_smaller {
        return send(
            socket,
            request,
            head.field("Content-Encoding", "deflate"),
            &file.deflated,
        );
    }
    send(socket, request, head, &file.plain)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        other => unreachable!("bug: no content type for .{other}"),
    }
}

/// A QR code as an SVG picture, black on white with the quiet zone that scanners need. `None`: too long.
#[must_use]
pub fn qr_svg(text: &str) -> Option<String> {
    const QUIET_ZONE: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size() + 2 * QUIET_ZONE;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|&x| code.get_module(x, y)) {
            write!(path, "M{} {}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE)
                .expect("a String takes everything");
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path d=\"{path}\"/></svg>\n"
    ))
}
