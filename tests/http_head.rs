//! Heads of HTTP requests: those of real clients, hostile ones, cut and random ones. The examples are the files
//! of `testdata/http`, byte for byte as they would arrive.

use crate::common::random;

use jam::limits::{HEAD_BYTES_MAX, HEAD_FIELDS_MAX};
use jam::server::http::{
    Head, Method, Refusal, Request, ResponseHead, Status, decode_query_value, parse_head,
    query_value,
};
use random::for_each_seed;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

const TRACK: &str = "/tracks/2e5c2e7ab0a54c7ad9f0c3cf0b1d2b7b1f0fdc1ab6ed9a4b4f33c3d8a4de5f01";
const KEY: &str = "353d413f07f6193d570d6b48b1f42c0a";

/// Files whose request is granted, and what is understood of it.
const GRANTED: &[(&str, &str)] = &[
    ("curl-page", "GET / keep-alive"),
    ("curl-range", "GET {TRACK} keep-alive range[bytes=0-99]"),
    ("curl-head", "HEAD /healthz keep-alive"),
    ("curl-http10", "GET /jam1 close"),
    ("http10-without-host", "GET / close"),
    ("http10-keep-alive", "GET / keep-alive"),
    (
        "chromium-page",
        "GET /jam1 keep-alive if-none-match[\"0123456789abcdef\"] deflate",
    ),
    (
        "chromium-audio",
        "GET {TRACK} keep-alive range[bytes=65536-] if-range[\"2e5c2e7ab0a54c7ad9f0c3cf0b1d2b7b1f0fdc1ab6ed9a4b4f33c3d8a4de5f01\"]",
    ),
    (
        "chromium-websocket",
        "GET /ws/jam1 keep-alive deflate relayed websocket[dGhlIHNhbXBsZSBub25jZQ==]",
    ),
    (
        "firefox-websocket",
        "GET /ws/jam1 keep-alive websocket[dGhlIHNhbXBsZSBub25jZQ==]",
    ),
    (
        "websocat",
        "GET /ws/jam1 keep-alive websocket[dGhlIHNhbXBsZSBub25jZQ==]",
    ),
    (
        "two-connection-fields",
        "GET /ws/jam1 keep-alive websocket[dGhlIHNhbXBsZSBub25jZQ==]",
    ),
    (
        "query",
        "GET /qr.svg ?[text=http%3A%2F%2F192.168.1.20%3A8000%2Fjam1&x=?a] keep-alive",
    ),
    ("close", "GET / close"),
    ("content-length-zero", "GET / keep-alive"),
    ("empty-host", "GET / keep-alive"),
    // Allowed by RFC 9112, section 2.2; with no body to misplace, nothing can hide behind it.
    ("lines-end-in-line-feed", "GET / keep-alive"),
    ("empty-lines-before", "GET / keep-alive"),
    ("pipelined", "GET /healthz keep-alive"),
    ("upgrade-of-another-kind", "GET / keep-alive"),
    ("upgrade-not-named-in-connection", "GET /ws/jam1 keep-alive"),
    ("latin-1-in-a-value", "GET / keep-alive"),
    ("64-fields", "GET / keep-alive"),
    ("absolute-form", "GET /jam1 keep-alive"),
    (
        "curl-upload",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[3145728] continue",
    ),
    (
        "curl-upload-with-key",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[5] bearer[{KEY}]",
    ),
    (
        "chromium-upload",
        "PUT /tracks ?[name=Gr%C3%BC%C3%9Fe%20%26%20mehr.flac&room=jam1] keep-alive deflate body[31457280] bearer[{KEY}] relayed",
    ),
    (
        "upload-through-a-proxy",
        "PUT /tracks ?[name=song.mp3&room=jam1] close body[5] relayed",
    ),
    (
        "upload-through-two-proxies",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[5] relayed",
    ),
    (
        "upload-via-a-proxy",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[5] relayed",
    ),
    (
        "upload-of-nothing",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive",
    ),
    (
        "upload-huge",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[18446744073709551615]",
    ),
    // What does not fit is larger than any limit, which is the upload's to say.
    (
        "upload-beyond-64-bits",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[18446744073709551615] continue",
    ),
    // HTTP/1.0 has no 100, and would take it for the answer.
    (
        "upload-by-http10",
        "PUT /tracks ?[name=song.mp3&room=jam1] close body[5]",
    ),
    (
        "upload-expecting-something-else",
        "PUT /tracks ?[name=song.mp3&room=jam1] keep-alive body[5]",
    ),
    ("get-that-expects-continue", "GET / keep-alive continue"),
];

const REFUSED: &[(&str, Status)] = &[
    ("65-fields", Status::HeadTooLarge),
    ("no-host", Status::BadRequest),
    ("two-hosts", Status::BadRequest),
    ("same-host-twice", Status::BadRequest),
    ("two-content-lengths", Status::BadRequest),
    ("same-content-length-twice", Status::BadRequest),
    ("content-length-list", Status::BadRequest),
    ("content-length-signed", Status::BadRequest),
    ("content-length-negative", Status::BadRequest),
    ("content-length-hex", Status::BadRequest),
    ("content-length-empty", Status::BadRequest),
    ("content-length-not-text", Status::BadRequest),
    ("content-length-huge", Status::ContentTooLarge),
    ("body", Status::ContentTooLarge),
    ("post-with-body", Status::MethodNotAllowed),
    ("chunked", Status::LengthRequired),
    ("chunked-and-content-length", Status::LengthRequired),
    ("chunked-in-disguise", Status::LengthRequired),
    ("transfer-encoding-with-a-tab", Status::BadRequest),
    ("blank-before-colon", Status::BadRequest),
    ("folded-line", Status::BadRequest),
    ("folded-first-line", Status::BadRequest),
    ("bare-carriage-return", Status::BadRequest),
    ("nul-in-a-value", Status::BadRequest),
    ("no-colon", Status::BadRequest),
    ("no-name", Status::BadRequest),
    ("post", Status::MethodNotAllowed),
    ("options", Status::MethodNotAllowed),
    ("connect", Status::MethodNotAllowed),
    ("method-in-small-letters", Status::MethodNotAllowed),
    ("path-without-slash", Status::BadRequest),
    ("path-of-an-asterisk", Status::BadRequest),
    ("query-alone", Status::BadRequest),
    ("http2-preface", Status::VersionNotSupported),
    ("http2-version", Status::VersionNotSupported),
    ("http12", Status::VersionNotSupported),
    ("http09", Status::BadRequest),
    ("blank-in-the-path", Status::VersionNotSupported),
    ("two-blanks", Status::BadRequest),
    ("no-version", Status::VersionNotSupported),
    ("tls-hello", Status::BadRequest),
    ("ssh", Status::BadRequest),
    ("empty-method", Status::BadRequest),
    ("websocket-over-http10", Status::BadRequest),
    ("websocket-by-head", Status::BadRequest),
    ("websocket-version-8", Status::UpgradeRequired),
    ("websocket-without-version", Status::UpgradeRequired),
    ("websocket-without-key", Status::BadRequest),
    ("websocket-short-key", Status::BadRequest),
    ("upload-without-length", Status::LengthRequired),
    ("upload-chunked", Status::LengthRequired),
    ("upload-chunked-and-length", Status::LengthRequired),
    ("upload-with-two-lengths", Status::BadRequest),
    ("upload-with-a-signed-length", Status::BadRequest),
    ("upload-with-a-list-of-lengths", Status::BadRequest),
    ("upload-and-upgrade", Status::BadRequest),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/http")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.http"))).expect(name)
}

fn granted(bytes: &[u8]) -> (Request, usize) {
    match parse_head(bytes) {
        Ok(Head::Complete {
            request,
            head_bytes,
        }) => (*request, head_bytes),
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

/// What was understood, in one line.
fn summary(request: &Request) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Put => "PUT",
    };
    let mut words = vec![method.to_owned(), request.path.clone()];
    words.extend(request.query.as_ref().map(|query| format!("?[{query}]")));
    words.push(
        if request.keep_alive {
            "keep-alive"
        } else {
            "close"
        }
        .into(),
    );
    for (name, value) in [
        ("range", &request.range),
        ("if-range", &request.if_range),
        ("if-none-match", &request.if_none_match),
    ] {
        words.extend(value.as_ref().map(|value| format!("{name}[{value}]")));
    }
    words.extend(request.accepts_deflate.then(|| "deflate".into()));
    words.extend((request.body_bytes > 0).then(|| format!("body[{}]", request.body_bytes)));
    words.extend(request.expects_continue.then(|| "continue".into()));
    words.extend(request.bearer.as_ref().map(|key| format!("bearer[{key}]")));
    words.extend(request.relayed.then(|| "relayed".into()));
    words.extend(
        request
            .websocket_key
            .as_ref()
            .map(|key| format!("websocket[{key}]")),
    );
    words.join(" ")
}

#[test]
fn requests_of_real_clients_are_understood() {
    for (name, expected) in GRANTED {
        let (request, _) = granted(&file(name));
        assert_eq!(
            summary(&request),
            expected.replace("{TRACK}", TRACK).replace("{KEY}", KEY),
            "{name}"
        );
    }
}

#[test]
fn hostile_and_foreign_requests_are_refused_with_the_right_status() {
    for &(name, expected) in REFUSED {
        match parse_head(&file(name)) {
            Err(Refusal { status, text }) => {
                assert_eq!(status, expected, "{name}: {text}");
                assert!(
                    !text.is_empty() && !text.contains(char::is_control),
                    "{name}: {text}"
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_example_file_has_its_expectation() {
    let entries = fs::read_dir(folder()).expect("testdata/http");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let files: BTreeSet<String> = entries
        .map(|entry| name(entry.expect("an entry")))
        .collect();
    let names = GRANTED
        .iter()
        .map(|(name, _)| *name)
        .chain(REFUSED.iter().map(|(name, _)| *name));
    let expected: BTreeSet<String> = names.map(|name| format!("{name}.http")).collect();
    assert_eq!(files, expected);
}

#[test]
fn a_head_cut_at_any_byte_is_partial_and_what_follows_it_is_left_alone() {
    for (name, _) in GRANTED {
        let bytes = file(name);
        let (request, head_bytes) = granted(&bytes);
        for cut in 0..head_bytes {
            assert_eq!(
                parse_head(&bytes[..cut]),
                Ok(Head::Partial),
                "{name} cut at {cut}"
            );
        }
        for follows in [
            &b""[..],
            b"\r\n",
            b"GET / HTTP/1.1\r\n",
            b"\x81\x85\0\0\0\0hello",
        ] {
            let longer = [&bytes[..head_bytes], follows].concat();
            let expected = Head::Complete {
                request: Box::new(request.clone()),
                head_bytes,
            };
            assert_eq!(parse_head(&longer), Ok(expected), "{name}");
        }
    }
}

#[test]
fn the_second_of_two_requests_begins_where_the_first_ends() {
    let bytes = file("pipelined");
    let (first, head_bytes) = granted(&bytes);
    let (second, rest) = granted(&bytes[head_bytes..]);
    assert_eq!(
        (first.path.as_str(), second.path.as_str()),
        ("/healthz", "/")
    );
    assert_eq!(head_bytes + rest, bytes.len());
}

#[test]
fn a_refused_head_cut_at_any_byte_never_becomes_another_request() {
    for &(name, _) in REFUSED {
        let bytes = file(name);
        for cut in 0..bytes.len() {
            let parsed = parse_head(&bytes[..cut]);
            assert!(
                !matches!(parsed, Ok(Head::Complete { .. })),
                "{name} cut at {cut}"
            );
        }
    }
}

#[test]
fn the_head_may_have_64_fields_however_short_they_are() {
    let head = |fields| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "x:\r\n".repeat(fields)
        )
    };
    granted(head(HEAD_FIELDS_MAX - 1).as_bytes());
    let refusal = parse_head(head(HEAD_FIELDS_MAX).as_bytes()).expect_err("too many");
    assert_eq!(refusal.status, Status::HeadTooLarge);
}

#[test]
fn a_head_without_an_end_stays_partial_up_to_the_limit_and_beyond() {
    for endless in ["GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "\r\n"] {
        let filler = if endless == "\r\n" { "\r\n" } else { "a" };
        let long = format!("{endless}{}", filler.repeat(2 * HEAD_BYTES_MAX));
        assert_eq!(
            parse_head(long.as_bytes()),
            Ok(Head::Partial),
            "{endless:?}"
        );
    }
}

#[test]
fn the_first_of_a_repeated_range_counts_and_a_value_that_is_no_text_is_none() {
    let with = |fields: &[u8]| {
        let head = [b"GET / HTTP/1.1\r\nHost: a\r\n", fields, b"\r\n"].concat();
        granted(&head).0
    };
    let twice = with(b"Range: bytes=0-1\r\nRange: bytes=2-3\r\n");
    assert_eq!(twice.range.as_deref(), Some("bytes=0-1"));
    assert_eq!(
        with(b"RANGE:\t bytes=0-1 \t\r\n").range.as_deref(),
        Some("bytes=0-1")
    );
    assert_eq!(with(b"If-Range: \xff\xfe\r\n").if_range, None);
}

#[test]
fn a_key_is_what_stands_behind_bearer() {
    let key = |value: &[u8]| {
        let head = [
            b"PUT /tracks HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nAuthorization: ",
            value,
            b"\r\n\r\n",
        ];
        granted(&head.concat()).0.bearer
    };
    for (value, expected) in [
        ("Bearer k", "k"),
        ("bearer k", "k"),
        ("BEARER k", "k"),
        ("  Bearer   k  ", "k"),
        ("Bearer a b", "a b"),
        ("Bearer Bearer k", "Bearer k"),
        ("Bearer \t=+/~", "=+/~"),
        // Nothing is a wrong key, and not no key.
        ("Bearer", ""),
        ("Bearer ", ""),
    ] {
        let found = key(value.as_bytes());
        assert_eq!(found.as_deref(), Some(expected), "{value:?}");
    }
    for none in ["", "k", "Bearerk", "Basic aG9zdDpr", "Digest k"] {
        assert_eq!(key(none.as_bytes()), None, "{none:?}");
    }
    assert_eq!(key(b"Bearer \xff"), None);
}

#[test]
fn a_length_has_digits_alone_and_the_largest_is_the_largest_that_a_number_holds() {
    let put = |length: &str| {
        let head = format!("PUT /tracks HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        match parse_head(head.as_bytes()) {
            Ok(Head::Complete { request, .. }) => Ok(request.body_bytes),
            Ok(Head::Partial) => panic!("{length}: not a whole head"),
            Err(refusal) => Err(refusal.status),
        }
    };
    for (length, expected) in [
        ("0", 0),
        ("007", 7),
        (" 5 ", 5),
        ("18446744073709551615", u64::MAX),
        ("18446744073709551616", u64::MAX),
        (&"9".repeat(1000), u64::MAX),
    ] {
        assert_eq!(put(length), Ok(expected), "{length}");
    }
    for length in [
        "", "-1", "+1", "1.0", "1e3", "0x10", "1 2", "1,1", "\u{661}", "five",
    ] {
        assert_eq!(put(length), Err(Status::BadRequest), "{length}");
    }
}

#[test]
fn an_answer_is_compressed_only_for_those_who_take_it() {
    let accepts = |value: &str| {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {value}\r\n\r\n");
        granted(head.as_bytes()).0.accepts_deflate
    };
    for yes in [
        "deflate",
        "gzip, Deflate",
        "gzip;q=1.0,deflate;q=0.5",
        "deflate ; q=1",
    ] {
        assert!(accepts(yes), "{yes}");
    }
    for no in [
        "",
        "gzip, br",
        "deflate;q=0",
        "gzip, deflate; q=0.000",
        "deflated",
        "x-deflate",
    ] {
        assert!(!accepts(no), "{no}");
    }
    assert!(
        !granted(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            .0
            .accepts_deflate
    );
}

#[test]
fn random_and_changed_heads_never_panic_and_what_is_granted_is_sound() {
    let names = GRANTED
        .iter()
        .map(|(name, _)| *name)
        .chain(REFUSED.iter().map(|(name, _)| *name));
    let examples: Vec<Vec<u8>> = names.map(file).collect();
    for_each_seed(30_000, |random| {
        let bytes = if random.one_in(4) {
            let count = random.below(300);
            random.bytes(count)
        } else {
            let example = random.pick(&examples);
            random.mutate(example)
        };
        if let Ok(Head::Complete {
            request,
            head_bytes,
        }) = parse_head(&bytes)
        {
            let head = &bytes[..head_bytes];
            assert!(
                head.ends_with(b"\n") && request.path.starts_with('/'),
                "{request:?}"
            );
            let text = summary(&request);
            assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
            let lower = head.to_ascii_lowercase();
            let coded = lower
                .windows(19)
                .any(|window| window == b"\ntransfer-encoding:");
            assert!(!coded, "a body of unknown length: {}", head.escape_ascii());
        }
    });
}

// ---- queries -------------------------------------------------------------------------------------

#[test]
fn values_of_a_query_are_decoded_as_browsers_write_them() {
    for (text, expected) in [
        ("", ""),
        ("jam1", "jam1"),
        (
            "http%3A%2F%2F192.168.1.20%3A8000%2Fjam1",
            "http://192.168.1.20:8000/jam1",
        ),
        ("a+b%20c%2Bd", "a b c+d"),
        ("%e6%97%a5%E6%9C%AC", "日本"),
        ("日本", "日本"),
        ("%00%0d%0A", "\0\r\n"),
        ("%2541", "%41"),
        ("a=b?c", "a=b?c"),
    ] {
        assert_eq!(
            decode_query_value(text).as_deref(),
            Some(expected),
            "{text}"
        );
    }
    for bad in [
        "%", "%4", "a%", "%zz", "%4g", "%+1", "% 1", "%ff", "%c3", "%é0", "%-1",
    ] {
        assert_eq!(decode_query_value(bad), None, "{bad}");
    }
}

#[test]
fn the_first_value_of_that_very_name_counts() {
    let text = |query| query_value(query, "text");
    assert_eq!(text("text=a&text=b").as_deref(), Some("a"));
    assert_eq!(text("x=1&text=a=b").as_deref(), Some("a=b"));
    assert_eq!(text("text=").as_deref(), Some(""));
    for none in [
        "",
        "text",
        "Text=a",
        "atext=b",
        "&&",
        "=a",
        "texts=a",
        "text=%zz&text=b",
    ] {
        assert_eq!(text(none), None, "{none}");
    }
}

#[test]
fn decoding_what_was_encoded_gives_the_same_text_and_random_queries_never_panic() {
    const PIECES: [&str; 10] = ["%", "4", "1", "f", "+", "é", "&", "=", "text", "%C3%A9"];
    for_each_seed(10_000, |random| {
        let count = random.below(20);
        let original = String::from_utf8_lossy(&random.bytes(count)).into_owned();
        let encoded: String = original
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        assert_eq!(decode_query_value(&encoded), Some(original));
        let query: String = (0..random.below(12))
            .map(|_| *random.pick(&PIECES))
            .collect();
        let _either = (decode_query_value(&query), query_value(&query, "text"));
    });
}

// ---- responses -----------------------------------------------------------------------------------

#[test]
fn a_response_head_is_its_status_its_fields_and_an_empty_line() {
    let head = ResponseHead::new(Status::PartialContent)
        .field("Content-Length", 5)
        .field("ETag", "\"a\"");
    let expected = "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n";
    assert_eq!(String::from_utf8(head.finish()).expect("text"), expected);
}

#[test]
fn an_upgrade_is_granted_in_the_words_of_rfc_6455() {
    let head = ResponseHead::new_switching_protocols("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").finish();
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(String::from_utf8(head).expect("text"), expected);
}
