//! A question to a server outside of any room, and a file for it: one connection each, with a deadline for every step,
//! and no more read than an answer may have.

use super::error::RoomError;
use super::http_answer::{Head, TLS_ALERT, head, wants_tls};
use super::parse::first_words;
use super::tls::encrypt;
use crate::limits::{
    HEAD_BYTES_MAX, HTTP_ANSWER_BYTES_MAX, HTTP_ANSWER_DEADLINE, HTTP_STEP, UPLOAD_BUFFER_BYTES,
    UPLOAD_DEADLINE,
};
use crate::room::address::RoomAddress;
use crate::sys::dial::dial_name;
use crate::sys::threads::Threads;
use crate::sys::timed_socket::TimedSocket;
use crate::text::percent_encoded;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// Why a file did not get there.
#[derive(Debug)]
pub enum PutError {
    Server(RoomError),
    /// It could not be read, or has another length by now.
    File(io::Error),
    Stopped,
}

/// A file on its way to a server.
pub struct Upload<'a> {
    /// With its query.
    pub path: &'a str,
    pub key: Option<&'a str>,
    pub bytes: u64,
}

/// Asks the server of this room for what is at `path`.
///
/// # Errors
/// When no answer came.
pub fn get(address: &RoomAddress, path: &str, threads: &Threads) -> Result<Answer, RoomError> {
    let key = address.keys.room.as_ref();
    let key = key.map_or_else(String::new, |key| bearer(&percent_encoded(key.as_str())));
    let request = format!("GET {path} HTTP/1.1\r\n{}{key}\r\n", fields(address));
    let mut socket = open(address, HTTP_ANSWER_DEADLINE, threads)?;
    socket.write_all(request.as_bytes()).map_err(broken)?;
    answer(&mut socket, address, Vec::new())
}

/// Sends a file once the server is ready to take it; the answer may be a refusal. `stop` is asked now and then.
///
/// # Errors
/// When there is no answer, or the file could not be read.
pub fn put(
    address: &RoomAddress,
    upload: &Upload,
    file: &mut impl Read,
    stop: impl Fn() -> bool,
    threads: &Threads,
) -> Result<Answer, PutError> {
    let key = upload.key.map_or_else(String::new, bearer);
    let request = format!(
        "PUT {} HTTP/1.1\r\n{}{key}Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        upload.path,
        fields(address),
        upload.bytes
    );
    let server = PutError::Server;
    let mut socket = open(address, UPLOAD_DEADLINE, threads).map_err(server)?;
    socket
        .write_all(request.as_bytes())
        .map_err(|error| server(broken(error)))?;
    let mut unread = Vec::new();
    let first = read_head(&mut socket, &mut unread).map_err(server)?;
    if first.status != 100 {
        return answer(&mut socket, address, unread).map_err(server);
    }
    unread.drain(..first.end);
    let sent = send(&mut socket, file, upload.bytes, stop);
    match sent {
        Ok(()) => answer(&mut socket, address, unread).map_err(server),
        // A server that refuses half-way says why, and takes no more.
        Err(PutError::Server(error)) => {
            answer(&mut socket, address, unread).map_err(|_no_answer| server(error))
        }
        Err(error) => Err(error),
    }
}

fn send(
    socket: &mut TimedSocket,
    file: &mut impl Read,
    bytes: u64,
    stop: impl Fn() -> bool,
) -> Result<(), PutError> {
    let mut buffer = vec![0; UPLOAD_BUFFER_BYTES];
    let mut left = bytes;
    while left > 0 {
        if stop() {
            return Err(PutError::Stopped);
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = match file.read(&mut buffer[..most]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read.map_err(PutError::File)?,
        };
        if count == 0 {
            return Err(PutError::File(io::ErrorKind::UnexpectedEof.into()));
        }
        socket
            .write_all(&buffer[..count])
            .map_err(|error| PutError::Server(broken(error)))?;
        left -= count as u64;
    }
    Ok(())
}

fn open(
    address: &RoomAddress,
    deadline: Duration,
    threads: &Threads,
) -> Result<TimedSocket, RoomError> {
    let dialled = dial_name(&address.host, address.port, threads).map_err(RoomError::Dial)?;
    let socket = match &address.tls {
        Some(trust) => encrypt(dialled.socket, address, trust, threads)?,
        None => dialled.socket,
    };
    let end = Instant::now() + deadline;
    Ok(TimedSocket::new(Arc::new(socket), HTTP_STEP, end))
}

fn bearer(key: &str) -> String {
    format!("Authorization: Bearer {key}\r\n")
}

fn fields(address: &RoomAddress) -> String {
    format!("Host: {}\r\nConnection: close\r\n", address.endpoint())
}

/// The answer, of which `bytes` have been read.
fn answer(
    socket: &mut TimedSocket,
    address: &RoomAddress,
    mut bytes: Vec<u8>,
) -> Result<Answer, RoomError> {
    let head = read_head(socket, &mut bytes)?;
    let length = usize::try_from(head.length.unwrap_or(0)).unwrap_or(usize::MAX);
    if length > HTTP_ANSWER_BYTES_MAX {
        let what =
            format!("an answer of {length} bytes is over the limit of {HTTP_ANSWER_BYTES_MAX}");
        return Err(RoomError::Garbage { what });
    }
    let whole = head.end + length;
    while bytes.len() < whole {
        read_more(socket, &mut bytes)?;
    }
    let body = &bytes[head.end..whole];
    if address.tls.is_none() && wants_tls(head.status, head.to_https, body) {
        return Err(RoomError::WantsTls);
    }
    let body = String::from_utf8_lossy(body).into_owned();
    Ok(Answer {
        status: head.status,
        body,
    })
}

fn read_head(socket: &mut TimedSocket, bytes: &mut Vec<u8>) -> Result<Head, RoomError> {
    loop {
        let not_http = || match bytes.first() {
            Some(&TLS_ALERT) => RoomError::WantsTls,
            _ => RoomError::NotHttp {
                answer: first_words(&String::from_utf8_lossy(&bytes[..bytes.len().min(400)])),
            },
        };
        match head(bytes) {
            Ok(Some(head)) => return Ok(head),
            Ok(None) if bytes.len() <= HEAD_BYTES_MAX => read_more(socket, bytes)?,
            _ => return Err(not_http()),
        }
    }
}

fn read_more(socket: &mut TimedSocket, bytes: &mut Vec<u8>) -> Result<(), RoomError> {
    let mut buffer = [0; 8 * 1024];
    match socket.read(&mut buffer).map_err(broken)? {
        0 => Err(RoomError::Broken {
            how: "closed before the answer was whole".into(),
        }),
        count => {
            bytes.extend_from_slice(&buffer[..count]);
            Ok(())
        }
    }
}

fn broken(error: io::Error) -> RoomError {
    match error.kind() {
        io::ErrorKind::TimedOut => RoomError::Broken {
            how: format!("no answer within {} s", HTTP_STEP.as_secs()),
        },
        _ => RoomError::Broken {
            how: error.to_string(),
        },
    }
}
