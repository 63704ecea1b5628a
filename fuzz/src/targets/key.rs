//! A key as links and requests carry it: percent-encoded.

use jam::limits::KEY_BYTES_MAX;
use jam::room::address::RoomAddress;
use jam::room::key::Key;
use jam::server::doors::key_in_address;
use jam::server::http::{Head, decode_query_value, parse_head};
use jam::text::{percent_decoded, percent_encoded};

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let decoded = percent_decoded(text);
    assert_eq!(
        decoded.as_deref().map(str::as_bytes),
        plainly(bytes).as_deref()
    );
    assert!(decode_query_value(text).is_none_or(|value| value.len() <= text.len()));
    // Any text comes back from its own encoding, also one that looks encoded already.
    let encoded = percent_encoded(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    assert!(encoded.bytes().all(plain), "{encoded:?}");
    assert_eq!(percent_decoded(&encoded).as_deref(), Some(text));
    let link = format!("http://h/jam1#key={text}");
    let linked = RoomAddress::parse(&link).map(|address| address.keys.room);
    match decoded.as_deref().and_then(Key::parse) {
        Some(key) => assert_carried(text, &key),
        // Behind `&` other things may follow in a link.
        None => assert!(text.contains('&') || linked.is_err(), "{link:?}"),
    }
}

/// `%41` to `A`, with nothing but indices; `None` for what is malformed or no text.
fn plainly(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            decoded.push(
                u8::from_str_radix(digits, 16)
                    .ok()
                    .filter(|_| hexadecimal)?,
            );
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    std::str::from_utf8(&decoded).is_ok().then_some(decoded)
}

/// From what somebody shows to the link that the server gives back, and over a request, it is the same key.
fn assert_carried(shown: &str, key: &Key) {
    assert!((1..=KEY_BYTES_MAX).contains(&key.as_str().len()));
    assert!(!key.as_str().contains(char::is_control));
    let end = key_in_address(shown).expect("it is a key");
    let address = RoomAddress::parse(&format!("http://h/jam1{end}")).expect("an address");
    assert_eq!(address.keys.room.as_ref(), Some(key));
    assert!(!address.to_string().contains('#'), "a key is never shown");
    let encoded = percent_encoded(key.as_str());
    let head = format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {encoded}\r\n\r\n");
    match parse_head(head.as_bytes()) {
        Ok(Head::Complete { request, .. }) => assert_eq!(request.bearer, Some(encoded)),
        other => panic!("{other:?}"),
    }
}
