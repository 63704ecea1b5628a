//! One HTTP connection, in a thread of its own: reads heads, answers, and hands a WebSocket on.

use super::accept::Connection;
use super::http::{
    Head, Method, Refusal, Request, ResponseHead, Status, WRONG_METHOD, parse_head, query_value,
};
use super::metrics;
use super::page;
use super::refusing::{close_gently, overload, refuse, turn_away};
use super::route::{Route, is_upload, route};
use super::run::Hub;
use super::upload::{self, Failed, Place};
use super::way::Way;
use super::websocket::Reader;
use super::{covers, door, doors, tracks};
use crate::limits::{
    COPIED_BODY_BYTES_MAX, HEAD_BYTES_MAX, HEAD_DEADLINE, KEEP_ALIVE_IDLE,
    MEMBER_SEND_BUFFER_BYTES, QR_TEXT_BYTES_MAX, READER_STACK_BYTES, REFUSAL_DEADLINE,
    UPLOAD_REFUSAL_DEADLINE,
};
use crate::room::name::RoomName;
use serde::Serialize;
use serde_json::json;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;
use tungstenite::handshake::derive_accept_key;

/// Serves requests until the connection ends or becomes a WebSocket.
pub fn serve(hub: &Arc<Hub>, connection: Connection) {
    let mut unread = Vec::with_capacity(1024);
    let Some(mut connection) = door::enter(hub, connection, &mut unread) else {
        return;
    };
    let socket = connection.socket();
    loop {
        let request = match read_head(&socket, &mut unread) {
            Ok(Some(request)) => request,
            Ok(None) => return,
            Err(refusal) => return turn_away(hub, &connection, refusal, REFUSAL_DEADLINE),
        };
        hub.metrics.requests.add(1);
        let way = Way::of(&request, hub.trusts_proxy);
        if let Err(full) = connection.comes_from(way.ip) {
            hub.metrics.refused.add(1);
            let who = way.ip.unwrap_or(connection.ip());
            hub.turned_away.note(full.cause(), &who, "");
            return refuse(&socket, overload(full.text()), REFUSAL_DEADLINE);
        }
        if let Err(refusal) = doors::check_origin(hub, &connection, &request) {
            return refuse(&socket, refusal, REFUSAL_DEADLINE);
        }
        if request.method == Method::Put {
            match receive(hub, &connection, &request, way, &mut unread) {
                Ok(()) if request.keep_alive => continue,
                Ok(()) => return close_gently(&socket, REFUSAL_DEADLINE),
                Err(Failed::Gone) => return,
                Err(Failed::Refused(refusal)) => {
                    return turn_away(hub, &connection, refusal, UPLOAD_REFUSAL_DEADLINE);
                }
            }
        }
        if let Route::Room(room) = route(&request.path) {
            return match &request.websocket_key {
                Some(key) => upgrade(hub, connection, room, key, way, unread),
                None => turn_away(hub, &connection, NOT_A_WEBSOCKET, REFUSAL_DEADLINE),
            };
        }
        let answered = match door::elsewhere(hub, &connection, &request) {
            Some(address) => door::redirect(&socket, &request, &address),
            None => answer(hub, connection.ip(), &socket, &request),
        };
        match answered {
            // Whoever asks without end lets the rooms go first, which live on the same cores.
            Ok(()) if request.keep_alive => std::thread::yield_now(),
            // Gone, or done: either way the connection ends.
            _ => return close_gently(&socket, REFUSAL_DEADLINE),
        }
    }
}

const NOT_A_WEBSOCKET: Refusal = Refusal {
    status: Status::UpgradeRequired,
    text: "a room speaks WebSocket; open the page at / to join one",
};

fn receive(
    hub: &Hub,
    connection: &Connection,
    request: &Request,
    way: Way,
    unread: &mut Vec<u8>,
) -> Result<(), Failed> {
    if !is_upload(&request.path) {
        return Err(Failed::Refused(Refusal {
            status: Status::MethodNotAllowed,
            text: WRONG_METHOD,
        }));
    }
    let from = Place {
        ip: connection.ip(),
        relayed: way.relayed,
    };
    upload::receive(hub, from, &connection.socket(), request, unread)
}

/// `None`: the connection ended, or stayed idle. What came behind the head stays in `unread`.
fn read_head(socket: &TcpStream, unread: &mut Vec<u8>) -> Result<Option<Request>, Refusal> {
    let mut deadline = Instant::now()
        + if unread.is_empty() {
            KEEP_ALIVE_IDLE
        } else {
            HEAD_DEADLINE
        };
    loop {
        if !unread.is_empty() {
            if let Head::Complete {
                request,
                head_bytes,
            } = parse_head(unread)?
            {
                unread.drain(..head_bytes);
                return Ok(Some(*request));
            }
            if unread.len() >= HEAD_BYTES_MAX {
                return Err(Refusal {
                    status: Status::HeadTooLarge,
                    text: "the head of a request may have 8 KiB",
                });
            }
        }
        let began = !unread.is_empty();
        let mut buffer = [0; 1024];
        let room_left = buffer.len().min(HEAD_BYTES_MAX - unread.len());
        match read_before(socket, &mut buffer[..room_left], deadline) {
            Ok(0) => return Ok(None),
            Ok(count) => unread.extend_from_slice(&buffer[..count]),
            Err(error) if began && is_timeout(&error) => {
                return Err(Refusal {
                    status: Status::RequestTimeout,
                    text: "the head of the request took longer than 10 s",
                });
            }
            Err(_) => return Ok(None),
        }
        if !began {
            deadline = Instant::now() + HEAD_DEADLINE;
        }
    }
}

/// Reads what there is, waiting for it until `deadline`.
///
/// # Errors
/// `TimedOut` or `WouldBlock` when nothing came until then.
pub fn read_before(
    mut socket: &TcpStream,
    buffer: &mut [u8],
    deadline: Instant,
) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        match socket.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[must_use]
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// # Errors
/// When the response could not be sent whole.
fn answer(hub: &Hub, ip: IpAddr, socket: &TcpStream, request: &Request) -> io::Result<()> {
    match route(&request.path) {
        Route::Page => page::send_page(socket, request, Status::Ok),
        // The page tells people which room they may have meant.
        Route::NotFound if request.accepts_html => {
            page::send_page(socket, request, Status::NotFound)
        }
        Route::Asset(asset) => page::send_asset(asset, socket, request),
        Route::Track(id) => tracks::send_track(hub, id, socket, request),
        Route::Cover(id) => covers::send_cover(hub, ip, id, socket, request),
        Route::RoomView(room) => doors::send_view(hub, ip, &room, socket, request),
        Route::ServerInfo => {
            let info = json!({
                "name": "jam",
                "version": hub.version,
                "addresses": hub.addresses(),
                "full": hub.connections.is_full(),
                "upload_bytes_max": hub.upload_bytes_max,
            });
            send_json(socket, request, &info)
        }
        Route::Qr => send_qr(socket, request),
        Route::Metrics => {
            let text = metrics::render(hub);
            let kind = metrics::CONTENT_TYPE;
            send_body(socket, request, Status::Ok, kind, text.as_bytes())
        }
        Route::Health => send_text(socket, request, Status::Ok, "ok"),
        Route::Room(_) | Route::NotFound => send_text(
            socket,
            request,
            Status::NotFound,
            "there is nothing here; the page is at /",
        ),
    }
}

/// # Errors
/// When it could not be sent.
pub fn send_json(socket: &TcpStream, request: &Request, value: &impl Serialize) -> io::Result<()> {
    let mut body = serde_json::to_vec(value).expect("bug: every field of an answer is JSON");
    body.push(b'\n');
    send_body(socket, request, Status::Ok, "application/json", &body)
}

/// One line of text.
///
/// # Errors
/// When it could not be sent.
pub fn send_text(
    socket: &TcpStream,
    request: &Request,
    status: Status,
    text: &str,
) -> io::Result<()> {
    send_body(
        socket,
        request,
        status,
        "text/plain; charset=utf-8",
        format!("{text}\n").as_bytes(),
    )
}

fn send_body(
    socket: &TcpStream,
    request: &Request,
    status: Status,
    content_type: &str,
    body: &[u8],
) -> io::Result<()> {
    let head = ResponseHead::new(status)
        .field("Content-Type", content_type)
        .field("X-Content-Type-Options", "nosniff")
        .field("Cache-Control", "no-store");
    send(socket, request, head, body)
}

/// Completes the head by length and connection, and sends both (the head alone for HEAD).
///
/// # Errors
/// When it could not be sent.
pub fn send(
    mut socket: &TcpStream,
    request: &Request,
    head: ResponseHead,
    body: &[u8],
) -> io::Result<()> {
    let mut bytes = finish_head(request, head.field("Content-Length", body.len()));
    if request.method == Method::Head {
        return socket.write_all(&bytes);
    }
    if body.len() <= COPIED_BODY_BYTES_MAX {
        bytes.extend_from_slice(body);
        return socket.write_all(&bytes);
    }
    // A copy would be held for as long as the client takes.
    socket.write_all(&bytes)?;
    drop(bytes);
    socket.write_all(body)
}

/// The head's bytes, with what the connection does next.
#[must_use]
pub fn finish_head(request: &Request, head: ResponseHead) -> Vec<u8> {
    let connection = if request.keep_alive {
        "keep-alive"
    } else {
        "close"
    };
    head.field("Connection", connection).finish()
}

fn send_qr(socket: &TcpStream, request: &Request) -> io::Result<()> {
    let query = request.query.as_deref().unwrap_or_default();
    let text =
        query_value(query, "text").filter(|text| (1..=QR_TEXT_BYTES_MAX).contains(&text.len()));
    // A key stands in no query, which proxies write down; the request shows it apart.
    let key = match &request.bearer {
        Some(bearer) => doors::key_in_address(bearer),
        None => Some(String::new()),
    };
    let whole = text.zip(key).map(|(text, key)| text + &key);
    match whole.and_then(|text| page::qr_svg(&text)) {
        Some(svg) => send_body(socket, request, Status::Ok, "image/svg+xml", svg.as_bytes()),
        None => send_text(
            socket,
            request,
            Status::BadRequest,
            "give the text to encode, up to 256 bytes: /qr.svg?text=...",
        ),
    }
}

fn upgrade(
    hub: &Arc<Hub>,
    connection: Connection,
    room: RoomName,
    key: &str,
    way: Way,
    unread: Vec<u8>,
) {
    let head = ResponseHead::new_switching_protocols(&derive_accept_key(key.as_bytes()));
    let socket = connection.socket();
    // What a member does not read waits in its outbox, which is counted; the kernel's own buffer would grow to
    // megabytes first.
    connection.limit_send_buffer(MEMBER_SEND_BUFFER_BYTES);
    if (&*socket).write_all(&head.finish()).is_err() {
        return;
    }
    // The connection goes on in a thread whose stack has not been touched by the HTTP side.
    // In a box: each move of it would be another copy on that stack.
    let reader = Box::new(Reader::new(Arc::clone(hub), connection, room, way, unread));
    let spawned = hub
        .threads
        .spawn_with("member", READER_STACK_BYTES, reader, Reader::run);
    if let Err((reader, error)) = spawned {
        log::debug!("no other thread for a member: {error}");
        reader.run();
    }
}
