//! Where a room or a node is, as people type and paste it. Names are not looked up here.

use super::host_text::{parse_port, split_port};
use super::key::{Key, Keys};
use super::name::RoomName;
use super::trust::Trust;
use crate::text::percent_decoded;
use std::fmt;

/// Where a server listens unless told otherwise.
pub const SERVER_PORT: u16 = 8000;

/// A host and a port to dial. Shown as `host:port`, an IPv6 address in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
}

/// A room on a server, and what opens it. Shown as the URL of its WebSocket, without the keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomAddress {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// Never 0.
    pub port: u16,
    pub room: RoomName,
    /// What it takes to join. Never shown.
    pub keys: Keys,
    /// By TLS, and whose word is taken for who the server is; `None`: plainly.
    pub tls: Option<Trust>,
}

/// Why a text is no address, to be put behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// `wss:` or `https:`, and this jam was built without TLS.
    Encrypted,
    /// `ftp:` and the like.
    Scheme,
    /// No host, or one with characters that no host has.
    Host,
    /// An IPv6 address without brackets, whose end might be a port.
    Brackets,
    /// Not a number from 1 to 65535.
    Port,
    NoRoom,
    RoomName,
    /// More behind the room, or any path behind a node's address.
    Path,
    /// Nothing that can be a key behind `#key=`.
    Key,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted => {
                "asks for TLS, without which this jam was built: build one with `cargo build --release --features tls`, \
                 or begin it with ws://"
            }
            Self::Scheme => "begins with something else than ws://, wss://, http:// or https://",
            Self::Host => "names no host",
            Self::Brackets => "needs brackets around the IPv6 address",
            Self::Port => "has no port from 1 to 65535 behind the colon",
            Self::NoRoom => "names no room",
            Self::RoomName => "ends in no room name, which is 1 to 64 of A-Z a-z 0-9 _ -",
            Self::Path => "has a path that leads nowhere",
            Self::Key => "has no key behind #key=, percent-encoded",
        })
    }
}

impl std::error::Error for AddressError {}

impl Endpoint {
    /// `name`, `10.0.0.2:9003`, `[fd00::2]:9003`; `port` is meant where none is written.
    ///
    /// # Errors
    /// What is wrong with it. An IPv6 address needs its brackets.
    pub fn parse(text: &str, port: u16) -> Result<Self, AddressError> {
        if text.contains("://") {
            return Err(AddressError::Scheme);
        }
        if text.contains(['/', '?', '#']) {
            return Err(AddressError::Path);
        }
        let (host, written) = split_port(text)?;
        let port = written.map_or(Ok(port), parse_port)?;
        let host = host.to_owned();
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl RoomAddress {
    /// `ws://HOST:8000/ws/jam1`, and what the page shows: `http://HOST:8000/jam1`, `HOST:8000/jam1`; each with `#key=KEY`, if
    /// it takes one; with `wss://` or `https://` by TLS.
    ///
    /// Without a port a URL means port 80 or 443, as everywhere, and an address that begins with the host port 8000.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let parts = split_url(text)?;
        let room = parts.room.clone().ok_or(AddressError::NoRoom)?;
        parts.with_room(text, room)
    }

    /// The same with the room named apart: `ws://HOST:8000/ws/jam1` or `HOST:8000`, and `room` instead of its own.
    ///
    /// # Errors
    /// What is wrong with `text`.
    pub fn parse_server(text: &str, room: RoomName) -> Result<Self, AddressError> {
        split_url(text)?.with_room(text, room)
    }

    /// The server that has the room.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        let host = self.host.clone();
        let port = self.port;
        Endpoint { host, port }
    }
}

impl fmt::Display for RoomAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        write!(f, "{scheme}://{}/ws/{}", self.endpoint(), self.room)
    }
}

/// What stands before the keys.
struct Parts {
    endpoint: Endpoint,
    room: Option<RoomName>,
    tls: Option<Trust>,
}

impl Parts {
    fn with_room(self, text: &str, room: RoomName) -> Result<RoomAddress, AddressError> {
        let Endpoint { host, port } = self.endpoint;
        Ok(RoomAddress {
            host,
            port,
            room,
            keys: keys_in(text)?,
            tls: self.tls,
        })
    }
}

fn split_url(text: &str) -> Result<Parts, AddressError> {
    let (rest, usual_port, tls) = match text.split_once("://") {
        None => (text, SERVER_PORT, None),
        Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
            "ws" | "http" => (rest, 80, None),
            "wss" | "https" => (rest, 443, Some(Trust::of_system()?)),
            _ => return Err(AddressError::Scheme),
        },
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let endpoint = Endpoint::parse(authority, usual_port)?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let name = match path.strip_prefix("ws/") {
        Some(name) => name,
        None if path == "ws" => "",
        None => path,
    };
    if name.contains('/') {
        return Err(AddressError::Path);
    }
    let room = match name {
        "" => None,
        name => Some(RoomName::parse(name).ok_or(AddressError::RoomName)?),
    };
    Ok(Parts {
        endpoint,
        room,
        tls,
    })
}

/// What the page's links have behind the address: `#key=plum%20jam`.
fn keys_in(text: &str) -> Result<Keys, AddressError> {
    let fragment = text.split_once('#').map_or("", |(_, fragment)| fragment);
    let mut parts = fragment.split('&');
    let Some(encoded) = parts.find_map(|part| part.strip_prefix("key=")) else {
        return Ok(Keys::default());
    };
    let key = percent_decoded(encoded).and_then(|text| Key::parse(&text));
    Ok(Keys {
        room: Some(key.ok_or(AddressError::Key)?),
        host: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Result<String, AddressError> {
        Endpoint::parse(text, 9003).map(|endpoint| endpoint.to_string())
    }

    fn room(text: &str) -> Result<String, AddressError> {
        RoomAddress::parse(text).map(|address| address.to_string())
    }

    #[test]
    fn a_node_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, expected) in [
            ("10.0.0.2:9003", "10.0.0.2:9003"),
            ("10.0.0.2", "10.0.0.2:9003"),
            ("anas-laptop.local:1", "anas-laptop.local:1"),
            ("lab_2", "lab_2:9003"),
            ("3com", "3com:9003"),
            ("example.org.:65535", "example.org.:65535"),
            ("[fd00::2]:9004", "[fd00::2]:9004"),
            ("[::1]", "[::1]:9003"),
            ("[fe80::1%eth0]:9004", "[fe80::1%eth0]:9004"),
        ] {
            assert_eq!(endpoint(text).as_deref(), Ok(expected), "{text}");
        }
        let bare = Endpoint::parse("[fd00::2]", 1).expect("an address");
        assert_eq!((bare.host.as_str(), bare.port), ("fd00::2", 1));
    }

    #[test]
    fn what_is_no_node_is_refused_with_the_reason() {
        use AddressError::{Brackets, Host, Path, Port, Scheme};
        for (text, expected) in [
            ("", Host),
            (":9003", Host),
            ("9003", Host),
            ("10.0.0.300", Host),
            ("10.0.1:9003", Host),
            ("-a", Host),
            ("a..b", Host),
            ("a b", Host),
            ("ana@host", Host),
            ("é", Host),
            (&"a".repeat(254), Host),
            ("[fd00::2", Host),
            ("[10.0.0.2]:9003", Host),
            ("[fe80::1%]", Host),
            ("a:b:c", Host),
            ("fd00::2", Brackets),
            ("fd00::2:9003", Brackets),
            ("host:", Port),
            ("host:0", Port),
            ("host:+1", Port),
            ("host:65536", Port),
            ("[::1]9003", Port),
            ("host:9003/", Path),
            ("ws://host:9003", Scheme),
        ] {
            assert_eq!(endpoint(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_room_is_found_in_whatever_people_paste() {
        for (text, expected) in [
            ("ws://host:8000/ws/jam1", "ws://host:8000/ws/jam1"),
            ("WS://host:8000/ws/jam1/", "ws://host:8000/ws/jam1"),
            ("ws://host/ws/jam1", "ws://host:80/ws/jam1"),
            ("http://10.0.0.2:8000/jam1", "ws://10.0.0.2:8000/ws/jam1"),
            ("http://10.0.0.2/jam1/?x=y#z", "ws://10.0.0.2:80/ws/jam1"),
            ("http://host:8000/ws/jam1", "ws://host:8000/ws/jam1"),
            ("host:9/jam1", "ws://host:9/ws/jam1"),
            ("host/jam1", "ws://host:8000/ws/jam1"),
            ("[fd00::2]:8000/jam1", "ws://[fd00::2]:8000/ws/jam1"),
        ] {
            assert_eq!(room(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_room_is_refused_with_the_reason() {
        use AddressError::{Brackets, Host, NoRoom, Path, Port, Scheme};
        for (text, expected) in [
            ("ftp://host/jam1", Scheme),
            ("", Host),
            ("/ws/jam1", Host),
            ("ws:///ws/jam1", Host),
            ("jam1", NoRoom),
            ("host:8000", NoRoom),
            ("ws://host:8000/ws", NoRoom),
            ("ws://host:8000/ws/", NoRoom),
            ("ws://host:8000/ws/jam1/x", Path),
            ("http://host:8000/tracks/x", Path),
            ("ws://host:x/ws/jam1", Port),
            ("ws://fd00::2/ws/jam1", Brackets),
            ("ws://host/ws/a%20b", AddressError::RoomName),
        ] {
            assert_eq!(room(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn a_room_that_is_named_apart_replaces_the_one_in_the_url() {
        let named = |text| {
            let room = RoomName::parse("lab").expect("a room");
            RoomAddress::parse_server(text, room).map(|address| address.to_string())
        };
        for text in ["ws://host:8000/ws/jam1", "ws://host:8000/ws", "host:8000"] {
            assert_eq!(named(text).as_deref(), Ok("ws://host:8000/ws/lab"));
        }
    }

    #[test]
    fn an_encrypted_address_is_one_for_a_jam_that_speaks_tls() {
        for (text, expected) in [
            ("wss://host/ws/jam1", "wss://host:443/ws/jam1"),
            ("HTTPS://host:8000/jam1", "wss://host:8000/ws/jam1"),
            ("https://[fd00::2]/jam1", "wss://[fd00::2]:443/ws/jam1"),
        ] {
            let expected = match cfg!(feature = "tls") {
                true => Ok(expected),
                false => Err(AddressError::Encrypted),
            };
            assert_eq!(room(text).as_deref(), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn a_key_comes_behind_the_address_and_is_never_shown() {
        for (text, expected) in [
            ("http://host:8000/jam1#key=plum", Some("plum")),
            ("host/jam1#key=Gr%C3%BC%C3%9Fe%20%26+", Some("Grüße &+")),
            ("ws://host/ws/jam1?x=y#a=b&key=%23", Some("#")),
            ("host/jam1#keys=plum", None),
            ("host/jam1#", None),
        ] {
            let address = RoomAddress::parse(text).expect(text);
            let key = address.keys.room.as_ref().map(Key::as_str);
            assert_eq!(key, expected, "{text}");
            assert!(!format!("{address} {address:?}").contains("plum"));
        }
        for bad in ["host/jam1#key=", "host/jam1#key=%ff", "host/jam1#key=%0a"] {
            assert_eq!(room(bad), Err(AddressError::Key), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for text in [
            "ws://a:1/ws/b",
            "ws://[::1]:80/ws/b",
            "ws://[fe80::1%e]:80/ws/b",
        ] {
            assert_eq!(room(text).as_deref(), Ok(text));
        }
        for text in ["a:1", "[fe80::1%e]:80"] {
            assert_eq!(endpoint(text).as_deref(), Ok(text));
        }
    }
}
