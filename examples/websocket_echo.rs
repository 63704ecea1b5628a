//! A server that sends back whatever it is told, over WebSocket as jam reads and writes it: the same head, the same
//! configuration, the same way in and out of a socket. Only the length of messages is another one, and nothing is a room.
//!
//! For the conformance tests of others (`make conformance`). It prints its address, and ends with its standard input.

use jam::limits::SILENCE;
use jam::server::http::{Head, ResponseHead, parse_head};
use jam::server::outbox::Outbox;
use jam::server::websocket::{Incoming, close_reason, config};
use jam::sys::threads::Threads;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

/// The longest of the tests have 16 MiB; a room's have 64 KiB.
const MESSAGE_BYTES_MAX: usize = (16 << 20) + 1024;

/// For a whole connection.
const DEADLINE: Duration = Duration::from_secs(300);

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || {
                if let Err(error) = serve(socket) {
                    eprintln!("{error}");
                }
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink()).map(|_| ())
}

fn serve(socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    socket.set_write_timeout(Some(SILENCE))?;
    let Some((key, unread)) = read_head(&socket)? else {
        return Ok(());
    };
    let head = ResponseHead::new_switching_protocols(&derive_accept_key(key.as_bytes()));
    (&socket).write_all(&head.finish())?;

    let socket = Arc::new(socket);
    let threads = Threads::default();
    let outbox = Outbox::new(
        "somebody".into(),
        Arc::clone(&socket),
        threads.clone(),
        Arc::default(),
    );
    let deadline = Instant::now() + DEADLINE;
    let incoming = Incoming::new(Arc::clone(&socket), Arc::clone(&outbox), deadline);
    let config = config(MESSAGE_BYTES_MAX);
    let mut websocket =
        WebSocket::from_partially_read(incoming, unread, Role::Server, Some(config));
    let error = loop {
        match websocket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if let Err(error) = websocket.send(message) {
                    break error;
                }
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    match close_reason(&error) {
        Some(reason) => outbox.close(reason),
        None if matches!(error, Error::ConnectionClosed) => drop(websocket.flush()),
        None => {}
    }
    // A socket that is closed with unread bytes is reset, and the close frame lost.
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut unwanted = [0; 4096];
    while matches!((&*socket).read(&mut unwanted), Ok(count) if count > 0) {}
    let _still_running = threads.join_all(SILENCE);
    Ok(())
}

/// The key of an upgrade, and what came behind its head.
fn read_head(mut socket: &TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut unread = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        match parse_head(&unread) {
            Ok(Head::Complete {
                request,
                head_bytes,
            }) => {
                unread.drain(..head_bytes);
                return Ok(request.websocket_key.map(|key| (key, unread)));
            }
            Ok(Head::Partial) => {}
            Err(refusal) => {
                socket.write_all(&ResponseHead::new(refusal.status).finish())?;
                return Ok(None);
            }
        }
        match socket.read(&mut buffer)? {
            0 => return Ok(None),
            count => unread.extend_from_slice(&buffer[..count]),
        }
    }
}
