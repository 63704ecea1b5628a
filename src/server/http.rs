//! HTTP/1.x heads: bytes to a checked request, and a response's head to bytes. Pure.
//!
//! The reading of a head is httparse's; what is here decides what this server accepts of it.

use super::forwarded::last_address;
use crate::limits::HEAD_FIELDS_MAX;
use crate::text::percent_decoded;
use std::fmt::Write;
use std::net::IpAddr;

/// How a response begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Ok,
    Created,
    PartialContent,
    NotModified,
    PermanentRedirect,
    BadRequest,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    LengthRequired,
    ContentTooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    UpgradeRequired,
    TooManyRequests,
    HeadTooLarge,
    InternalError,
    ServiceUnavailable,
    VersionNotSupported,
    InsufficientStorage,
}

impl Status {
    #[must_use]
    pub fn line(self) -> &'static str {
        match self {
            Self::Ok => "200 OK",
            Self::Created => "201 Created",
            Self::PartialContent => "206 Partial Content",
            Self::NotModified => "304 Not Modified",
            Self::PermanentRedirect => "308 Permanent Redirect",
            Self::BadRequest => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::RequestTimeout => "408 Request Timeout",
            Self::Conflict => "409 Conflict",
            Self::LengthRequired => "411 Length Required",
            Self::ContentTooLarge => "413 Content Too Large",
            Self::UnsupportedMediaType => "415 Unsupported Media Type",
            Self::RangeNotSatisfiable => "416 Range Not Satisfiable",
            Self::UpgradeRequired => "426 Upgrade Required",
            Self::TooManyRequests => "429 Too Many Requests",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::InternalError => "500 Internal Server Error",
            Self::ServiceUnavailable => "503 Service Unavailable",
            Self::VersionNotSupported => "505 HTTP Version Not Supported",
            Self::InsufficientStorage => "507 Insufficient Storage",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Put,
}

/// A request that this server is willing to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    /// As it was sent, without the query; begins with `/`.
    pub path: String,
    pub query: Option<String>,
    /// Whether the connection may carry another request after this one.
    pub keep_alive: bool,
    pub range: Option<String>,
    pub if_range: Option<String>,
    pub if_none_match: Option<String>,
    /// Whether a response may be compressed (zlib, which HTTP calls deflate).
    pub accepts_deflate: bool,
    /// Whether a person is likely to read the answer: a browser that opens a page says so.
    pub accepts_html: bool,
    /// What comes behind the head: of PUT alone, which always says it.
    pub body_bytes: u64,
    /// Whether the client waits for a word before it sends the body.
    pub expects_continue: bool,
    /// The key of `Authorization: Bearer KEY`.
    pub bearer: Option<String>,
    /// As the client knows this server: `192.168.1.20:8000`.
    pub host: Option<String>,
    /// The page on whose behalf a browser asks; empty when that is not one text.
    pub origin: Option<String>,
    /// Whether somebody else had it sent: a proxy passes it on, or a page asked its browser for it. Then the address
    /// says nothing about who that is.
    pub relayed: bool,
    /// Whether that was a proxy, so that the address is another's.
    pub proxied: bool,
    /// Whether it was a page that had it sent.
    pub from_page: bool,
    /// Where the proxy says that the client is: to be believed only of one's own.
    pub forwarded_for: Option<IpAddr>,
    /// The key of a WebSocket upgrade, if this is one that can be granted.
    pub websocket_key: Option<String>,
}

/// What the bytes so far are.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    Partial,
    Complete {
        request: Box<Request>,
        head_bytes: usize,
    },
}

/// A request that is refused. The connection ends after it: where the next request begins is not certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: Status,
    pub text: &'static str,
}

/// What a proxy adds; one of them is enough.
const PROXIED_BY: [&str; 4] = ["x-forwarded-for", "x-real-ip", "forwarded", "via"];

pub const WRONG_METHOD: &str = "only GET and HEAD are answered here, and PUT at /tracks";

fn refuse<T>(status: Status, text: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, text })
}

/// Reads the head at the start of `bytes`.
///
/// # Errors
/// The response with which the connection ends.
pub fn parse_head(bytes: &[u8]) -> Result<Head, Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; HEAD_FIELDS_MAX];
    let mut parsed = httparse::Request::new(&mut fields);
    let head_bytes = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
        Ok(httparse::Status::Partial) => return Ok(Head::Partial),
        Err(httparse::Error::TooManyHeaders) => {
            return refuse(Status::HeadTooLarge, "too many header fields");
        }
        Err(httparse::Error::Version) => {
            return refuse(
                Status::VersionNotSupported,
                "only HTTP/1.1 and HTTP/1.0 are spoken here",
            );
        }
        Err(_) => return refuse(Status::BadRequest, "this is not an HTTP request"),
    };
    let request = Box::new(check(&parsed)?);
    Ok(Head::Complete {
        request,
        head_bytes,
    })
}

fn check(parsed: &httparse::Request) -> Result<Request, Refusal> {
    let fields = Fields(parsed.headers);
    let is_http_1_1 = parsed.version == Some(1);
    if is_http_1_1 && fields.count("host") != 1 {
        return refuse(Status::BadRequest, "a request needs exactly one Host");
    }
    let method = match parsed.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some("PUT") => Method::Put,
        _ => return refuse(Status::MethodNotAllowed, WRONG_METHOD),
    };
    let body_bytes = body_bytes(&fields, method)?;
    let target = without_authority(parsed.path.unwrap_or_default());
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target, None),
    };
    if !path.starts_with('/') {
        return refuse(Status::BadRequest, "the path of a request begins with /");
    }
    let connection = |token| fields.has_token("connection", token);
    let proxied = PROXIED_BY.iter().any(|name| fields.count(name) > 0);
    // A browser names the page on whose behalf it asks.
    let from_page = fields.count("origin") > 0;
    Ok(Request {
        method,
        path: path.to_owned(),
        query,
        keep_alive: !connection("close") && (is_http_1_1 || connection("keep-alive")),
        range: fields.text("range"),
        if_range: fields.text("if-range"),
        if_none_match: fields.text("if-none-match"),
        accepts_deflate: fields.accepts_deflate(),
        accepts_html: fields
            .text("accept")
            .is_some_and(|accept| accept.contains("text/html")),
        body_bytes,
        expects_continue: is_http_1_1 && fields.has_token("expect", "100-continue"),
        bearer: fields.text("authorization").and_then(bearer),
        host: fields.text("host"),
        origin: match fields.count("origin") {
            0 => None,
            1 => Some(fields.text("origin").unwrap_or_default()),
            _ => Some(String::new()),
        },
        relayed: proxied || from_page,
        proxied,
        from_page,
        forwarded_for: last_address(fields.values("x-forwarded-for")),
        websocket_key: websocket_key(&fields, method, is_http_1_1)?,
    })
}

/// `http://host/path` is another way to write `/path`; every server must understand it (RFC 9112, 3.2.2).
fn without_authority(target: &str) -> &str {
    const SCHEME: &str = "http://";
    match target.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => {
            let rest = &target[SCHEME.len()..];
            rest.find('/').map_or("/", |path| &rest[path..])
        }
        _ => target,
    }
}

fn bearer(authorization: String) -> Option<String> {
    let (scheme, key) = authorization
        .split_once(' ')
        .unwrap_or((&authorization, ""));
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| key.trim().to_owned())
}

/// Only PUT has a body, and says how long it is; any other request with one is refused before it is read.
fn body_bytes(fields: &Fields, method: Method) -> Result<u64, Refusal> {
    if fields.count("transfer-encoding") > 0 {
        return refuse(Status::LengthRequired, "a body needs a Content-Length");
    }
    match fields.count("content-length") {
        0 if method == Method::Put => {
            return refuse(Status::LengthRequired, "a body needs a Content-Length");
        }
        0 => return Ok(0),
        1 => {}
        _ => return refuse(Status::BadRequest, "more than one Content-Length"),
    }
    let length = fields.text("content-length").unwrap_or_default();
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse(Status::BadRequest, "Content-Length is not a number");
    }
    // What does not fit is larger than any limit.
    let bytes = length.parse().unwrap_or(u64::MAX);
    if bytes > 0 && method != Method::Put {
        return refuse(Status::ContentTooLarge, "no such request takes a body here");
    }
    Ok(bytes)
}

fn websocket_key(
    fields: &Fields,
    method: Method,
    is_http_1_1: bool,
) -> Result<Option<String>, Refusal> {
    if !fields.has_token("upgrade", "websocket") || !fields.has_token("connection", "upgrade") {
        return Ok(None);
    }
    if method != Method::Get || !is_http_1_1 {
        return refuse(
            Status::BadRequest,
            "a WebSocket begins with GET and HTTP/1.1",
        );
    }
    if fields.text("sec-websocket-version").as_deref() != Some("13") {
        return refuse(
            Status::UpgradeRequired,
            "only WebSocket version 13 is spoken here",
        );
    }
    match fields.text("sec-websocket-key") {
        Some(key) if key.len() == 24 => Ok(Some(key)),
        _ => refuse(
            Status::BadRequest,
            "Sec-WebSocket-Key must have 24 characters",
        ),
    }
}

struct Fields<'a>(&'a [httparse::Header<'a>]);

impl Fields<'_> {
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = move |field: &&httparse::Header| field.name.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|field| field.value)
    }

    fn count(&self, name: &str) -> usize {
        self.values(name).count()
    }

    /// The first field of this name, if it is text.
    fn text(&self, name: &str) -> Option<String> {
        let value = std::str::from_utf8(self.values(name).next()?).ok()?;
        Some(value.trim().to_owned())
    }

    fn accepts_deflate(&self) -> bool {
        self.values("accept-encoding")
            .flat_map(|value| value.split(|&byte| byte == b','))
            .filter_map(|item| std::str::from_utf8(item).ok())
            .map(|item| item.split_once(';').unwrap_or((item, "")))
            .filter(|(coding, _)| coding.trim().eq_ignore_ascii_case("deflate"))
            .any(|(_, weight)| !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    }

    /// Whether a comma-separated list (in one field or several) has this token.
    fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }
}

/// The head of a response.
#[derive(Debug)]
pub struct ResponseHead(String);

impl ResponseHead {
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self(format!("HTTP/1.1 {}\r\n", status.line()))
    }

    /// 101, with the key that proves that we understood the question.
    #[must_use]
    pub fn new_switching_protocols(accept_key: &str) -> Self {
        Self("HTTP/1.1 101 Switching Protocols\r\n".into())
            .field("Upgrade", "websocket")
            .field("Connection", "Upgrade")
            .field("Sec-WebSocket-Accept", accept_key)
    }

    /// `value` is never taken from a request as it is, so that nobody can smuggle a line end into it.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        write!(self.0, "{name}: {value}\r\n").expect("a String takes everything");
        self
    }

    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.0.push_str("\r\n");
        self.0.into_bytes()
    }
}

/// `%41` to `A` and `+` to a blank, as browsers write queries. `None` when it is malformed or not UTF-8.
#[must_use]
pub fn decode_query_value(text: &str) -> Option<String> {
    percent_decoded(&text.replace('+', " "))
}

/// The value of `name` in a query, decoded.
#[must_use]
pub fn query_value(query: &str, name: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| decode_query_value(value))
}
