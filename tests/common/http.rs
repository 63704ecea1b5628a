//! HTTP requests as bytes on a socket, one response at a time.

use std::io::{Read, Write};
use std::net::TcpStream;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// GET on a connection that stays open.
pub fn get(socket: &mut TcpStream, path: &str) -> Response {
    let request = format!("GET {path} HTTP/1.1\r\nHost: jam\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
    read_response(socket)
}

/// The head of a PUT; `fields` are whole lines with their ends.
pub fn put_head(path: &str, bytes: usize, fields: &str) -> String {
    format!("PUT {path} HTTP/1.1\r\nHost: jam\r\nContent-Length: {bytes}\r\n{fields}\r\n")
}

pub fn put(socket: &mut (impl Read + Write), path: &str, fields: &str, body: &[u8]) -> Response {
    let head = put_head(path, body.len(), fields);
    socket.write_all(head.as_bytes()).expect("sent");
    // A server that refuses need not read it all.
    let _refused = socket.write_all(body);
    read_response(socket)
}

/// The next response, whose length its head says.
pub fn read_response(socket: &mut impl Read) -> Response {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("a response");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("text");
    let status = head[9..12].parse().expect("a status");
    let mut response = Response {
        status,
        head,
        body: Vec::new(),
    };
    let length = response.field("Content-Length").unwrap_or("0");
    response.body = vec![0; length.parse().expect("a length")];
    socket.read_exact(&mut response.body).expect("a body");
    response
}
