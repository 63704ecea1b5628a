//! The way into a room: a connection, the upgrade to WebSocket, and the reading side of it.

use super::error::RoomError;
use super::http_answer::{TLS_ALERT, is_https, wants_tls};
use super::link::{WayOut, config, time_left};
use super::parse::first_words;
use super::tls::encrypt;
use crate::limits::UPGRADE_DEADLINE;
use crate::room::address::RoomAddress;
use crate::sys::dial::{Dialled, dial_name_within};
use crate::sys::threads::Threads;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tungstenite::client::client_with_config;
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::client::Response;
use tungstenite::{Message, WebSocket};

/// A WebSocket of which nobody has read yet.
pub(super) struct Connected {
    pub(super) incoming: WebSocket<Incoming>,
    pub(super) way_out: Arc<WayOut>,
    pub(super) local: SocketAddr,
    pub(super) server: SocketAddr,
    /// About a round trip.
    pub(super) took: Duration,
}

/// `patience`: how long the connection itself may take.
///
/// # Errors
/// Why there is no WebSocket.
pub(super) fn connect(
    address: &RoomAddress,
    patience: Duration,
    threads: &Threads,
) -> Result<Connected, RoomError> {
    let Dialled {
        socket,
        address: server,
        took,
    } = dial_name_within(&address.host, address.port, patience, threads)
        .map_err(RoomError::Dial)?;
    let broken = |error: io::Error| RoomError::Broken {
        how: error.to_string(),
    };
    let local = socket.local_addr().map_err(broken)?;
    let socket = match &address.tls {
        Some(trust) => encrypt(socket, address, trust, threads)?,
        None => socket,
    };
    let way_out = WayOut::new(Arc::new(socket));
    let incoming = Incoming {
        way_out: Arc::clone(&way_out),
        deadline: Instant::now() + UPGRADE_DEADLINE,
        read_at: Instant::now(),
        has_begun: false,
    };
    match client_with_config(address.to_string(), incoming, Some(config())) {
        Ok((incoming, _response)) => Ok(Connected {
            incoming,
            way_out,
            local,
            server,
            took,
        }),
        Err(HandshakeError::Failure(Error::Http(response)))
            if address.tls.is_none() && sends_to_tls(&response) =>
        {
            Err(RoomError::WantsTls)
        }
        Err(HandshakeError::Failure(error)) => Err(upgrade_error(&error)),
        Err(HandshakeError::Interrupted(_)) => Err(no_upgrade()),
    }
}

fn sends_to_tls(response: &Response) -> bool {
    let location = response.headers().get("Location");
    let to_https = location.is_some_and(|location| is_https(location.as_bytes()));
    let body = response.body().as_deref().unwrap_or_default();
    wants_tls(response.status().as_u16(), to_https, body)
}

fn no_upgrade() -> RoomError {
    RoomError::NoUpgrade {
        after_sec: UPGRADE_DEADLINE.as_secs(),
    }
}

fn upgrade_error(error: &Error) -> RoomError {
    match error {
        Error::Http(response) if response.status().as_u16() == 503 => RoomError::Full,
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            RoomError::NotARoom {
                status: response.status().as_u16(),
                answer: first_line(body),
            }
        }
        Error::Io(error) if error.kind() == ErrorKind::TimedOut => no_upgrade(),
        Error::Io(error) if error.kind() == ErrorKind::InvalidData => RoomError::WantsTls,
        Error::Io(error) => RoomError::Broken {
            how: error.to_string(),
        },
        Error::Protocol(ProtocolError::HandshakeIncomplete) => RoomError::Broken {
            how: "closed before the answer was whole (a jam server that is stopping, or none)"
                .into(),
        },
        other => RoomError::NotHttp {
            answer: first_words(&other.to_string()),
        },
    }
}

/// Of a body that is text; a page of HTML says nothing to people in one line.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(1024)]);
    match text.trim_start().starts_with('<') {
        true => String::new(),
        false => first_words(text.lines().next().unwrap_or_default()),
    }
}

/// What one attempt to read gave.
pub(super) enum Heard {
    Text {
        text: String,
        /// When its last byte was read from the socket.
        at: Instant,
    },
    /// The answer to a ping.
    Pong,
    /// Another sign of life without meaning.
    Nothing,
    /// The deadline has passed.
    TimedOut,
    End(RoomError),
}

/// Reads one message, until `deadline`; bytes that drip in do not stretch it.
pub(super) fn hear(incoming: &mut WebSocket<Incoming>, deadline: Instant) -> Heard {
    incoming.get_mut().deadline = deadline;
    match incoming.read() {
        Ok(Message::Text(text)) => Heard::Text {
            text: text.as_str().to_owned(),
            at: incoming.get_ref().read_at,
        },
        Ok(Message::Close(close)) => {
            // The reply is ready, and goes out with this.
            let _gone = incoming.flush();
            let (code, reason) = close.map_or((1005, String::new()), |close| {
                (close.code.into(), first_words(&close.reason))
            });
            Heard::End(RoomError::Closed { code, reason })
        }
        Ok(Message::Pong(_)) => Heard::Pong,
        Ok(_) => Heard::Nothing,
        Err(Error::Io(error)) if error.kind() == ErrorKind::TimedOut => Heard::TimedOut,
        Err(error) => Heard::End(read_error(&error)),
    }
}

fn read_error(error: &Error) -> RoomError {
    match error {
        Error::Io(error) => RoomError::Broken {
            how: error.to_string(),
        },
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => RoomError::Broken {
            how: "the server is gone".into(),
        },
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => RoomError::Garbage {
            what: format!("a message of {size} bytes is over the limit of {max_size}"),
        },
        other => RoomError::Garbage {
            what: first_words(&other.to_string()),
        },
    }
}

/// The socket as tungstenite sees it: it reads, and what it wants to write takes its turn in the way out.
pub(super) struct Incoming {
    way_out: Arc<WayOut>,
    deadline: Instant,
    /// When the socket last gave something: the arrival of a message is not the moment at which somebody parses it.
    read_at: Instant,
    /// Something was read.
    has_begun: bool,
}

/// `InvalidData` when the first byte is that of a complaint of TLS: tungstenite would say only that it is no HTTP.
impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut socket = self.way_out.socket();
        loop {
            socket.set_read_timeout(Some(time_left(self.deadline)?))?;
            match socket.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Ok(_) if !self.has_begun && buffer.first() == Some(&TLS_ALERT) => {
                    return Err(ErrorKind::InvalidData.into());
                }
                result => {
                    self.has_begun = true;
                    self.read_at = Instant::now();
                    return result;
                }
            }
        }
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.way_out.send_encoded(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
