//! The head of a request: what a browser, curl or a stranger sends first.

use super::assert_one_line;
use jam::server::http::{Head, Method, Request, Status, parse_head, query_value};
use jam::server::route::{is_upload, route};

/// Up to here it is tried to cut the head at every byte.
const CUT_BYTES_MAX: usize = 512;

pub fn run(bytes: &[u8]) {
    match parse_head(bytes) {
        Ok(Head::Complete {
            request,
            head_bytes,
        }) => {
            assert!(head_bytes <= bytes.len(), "more bytes than there are");
            assert_same_however_cut(&bytes[..head_bytes], &request);
            check(&request);
        }
        Ok(Head::Partial) => {}
        Err(refusal) => {
            assert_one_line(refusal.text, 100);
            assert!(!matches!(refusal.status, Status::Ok | Status::Created));
        }
    }
}

/// What comes behind a head means nothing to it, and while it comes in it is neither whole nor refused.
fn assert_same_however_cut(head: &[u8], request: &Request) {
    let whole = Head::Complete {
        request: Box::new(request.clone()),
        head_bytes: head.len(),
    };
    assert_eq!(parse_head(head).as_ref(), Ok(&whole));
    let from = head.len().saturating_sub(CUT_BYTES_MAX);
    for length in from..head.len() {
        assert_eq!(parse_head(&head[..length]), Ok(Head::Partial), "{length}");
    }
}

fn check(request: &Request) {
    assert!(request.path.starts_with('/'), "{:?}", request.path);
    let texts = [
        Some(&request.path),
        request.query.as_ref(),
        request.range.as_ref(),
        request.if_range.as_ref(),
        request.if_none_match.as_ref(),
        request.bearer.as_ref(),
        request.websocket_key.as_ref(),
    ];
    for text in texts.into_iter().flatten() {
        assert!(!text.contains(['\r', '\n', '\0']), "{text:?}");
    }
    assert!(!request.path.contains([' ', '?']), "{:?}", request.path);
    assert!(request.body_bytes == 0 || request.method == Method::Put);
    if let Some(key) = &request.websocket_key {
        assert!(key.len() == 24 && request.method == Method::Get);
    }
    let _somewhere = (route(&request.path), is_upload(&request.path));
    if let Some(query) = &request.query {
        for name in ["name", "room", "text"] {
            let value = query_value(query, name);
            assert!(value.is_none_or(|value| value.len() <= query.len()));
        }
    }
}
