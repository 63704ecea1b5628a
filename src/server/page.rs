//! The page: files of `src/web`, embedded in the binary. Nothing is read from disk.

use super::connection::{finish_head, send};
use super::http::{Request, ResponseHead, Status};
use super::range::etag_is_listed;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::OnceLock;

/// Scripts and styles are files of this server; the sockets may go to any port of a room's host.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self' ws: wss:; media-src 'self' blob:; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A part of the page, as the build script packed it.
#[derive(Debug)]
pub struct Asset {
    pub name: &'static str,
    /// What travels: zlib, which makes the page a quarter of its size, or the file itself.
    bytes: &'static [u8],
    is_deflated: bool,
    plain_bytes: usize,
    /// The file itself, once somebody took nothing packed: unpacked for each of them it would cost time and a copy.
    plain: OnceLock<Vec<u8>>,
    etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

impl Asset {
    /// The file itself, for whoever takes nothing packed.
    fn plain(&'static self) -> &'static [u8] {
        if !self.is_deflated {
            return self.bytes;
        }
        self.plain.get_or_init(|| {
            decompress_to_vec_zlib_with_limit(self.bytes, self.plain_bytes)
                .expect("bug: the build script packed it")
        })
    }
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
pub fn send_page(socket: &TcpStream, request: &Request, status: Status) -> io::Result<()> {
    send_file(socket, request, status, &PAGE)
}

/// # Errors
/// When the response could not be sent.
pub fn send_asset(asset: &'static Asset, socket: &TcpStream, request: &Request) -> io::Result<()> {
    send_file(socket, request, Status::Ok, asset)
}

/// Browsers keep the files, but ask each time: a server that was updated must not be met by an old page.
fn send_file(
    mut socket: &TcpStream,
    request: &Request,
    status: Status,
    file: &'static Asset,
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
    if status == Status::Ok && known.is_some_and(|list| etag_is_listed(list, file.etag)) {
        return socket.write_all(&finish_head(request, head(Status::NotModified)));
    }
    let head = head(status).field("Content-Type", content_type(file.name));
    if request.accepts_deflate && file.is_deflated {
        return send(
            socket,
            request,
            head.field("Content-Encoding", "deflate"),
            file.bytes,
        );
    }
    send(socket, request, head, file.plain())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_unpacked_once_for_all_who_take_nothing_packed() {
        for file in ASSETS.iter().chain([&PAGE]) {
            assert_eq!(file.plain().len(), file.plain_bytes, "{}", file.name);
            assert!(std::ptr::eq(file.plain(), file.plain()), "{}", file.name);
        }
    }
}
