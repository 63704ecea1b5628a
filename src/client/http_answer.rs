//! Reads the head of an answer over HTTP. Pure.

use crate::limits::HTTP_ANSWER_FIELDS_MAX;

/// How a record of TLS begins that says what is wrong: all that some servers say to somebody who speaks plainly.
pub const TLS_ALERT: u8 = 0x15;

/// What a head says, and where the body begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// Bytes of the body, if that was said.
    pub length: Option<u64>,
    /// The way on is encrypted.
    pub to_https: bool,
    pub end: usize,
}

/// Something else than HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHttp;

/// `None` until all of the head is there.
///
/// # Errors
/// `NotHttp` when it can never become one.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, NotHttp> {
    let mut fields = [httparse::EMPTY_HEADER; HTTP_ANSWER_FIELDS_MAX];
    let mut response = httparse::Response::new(&mut fields);
    let end = match response.parse(bytes) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(NotHttp),
    };
    let length = response
        .headers
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case("Content-Length"))
        .map(|field| str::from_utf8(field.value).ok()?.trim().parse().ok());
    Ok(Some(Head {
        status: response.code.ok_or(NotHttp)?,
        // A length that nobody can read is no length of ours.
        length: length.map(|length| length.ok_or(NotHttp)).transpose()?,
        to_https: response
            .headers
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case("Location") && is_https(field.value)),
        end,
    }))
}

#[must_use]
pub fn is_https(location: &[u8]) -> bool {
    const SCHEME: &[u8] = b"https://";
    let scheme = location.get(..SCHEME.len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Whether somebody answers so who wants TLS of those who speak plainly: sends them to it, or has a word about it.
#[must_use]
pub fn wants_tls(status: u16, to_https: bool, body: &[u8]) -> bool {
    let has = |word: &[u8]| body.windows(word.len()).any(|part| part == word);
    match status {
        301 | 302 | 307 | 308 => to_https,
        400 => has(b"HTTPS") || has(b"SSL"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole_and_nonsense_is_refused() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\nbody";
        let whole = text.len() - 4;
        for end in 0..whole {
            assert_eq!(head(&text[..end]), Ok(None), "{end}");
        }
        let read = Head {
            status: 201,
            length: Some(12),
            to_https: false,
            end: whole,
        };
        assert_eq!(head(text), Ok(Some(read)));
        let unsaid = head(b"HTTP/1.1 100 Continue\r\n\r\n").expect("a head");
        assert_eq!(
            unsaid.map(|head| (head.status, head.length)),
            Some((100, None))
        );
        for bad in [
            "SSH-2.0-x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        ] {
            assert_eq!(head(bad.as_bytes()), Err(NotHttp), "{bad:?}");
        }
    }

    #[test]
    fn who_wants_tls_is_understood() {
        let redirect = |to: &str| {
            let text = format!("HTTP/1.1 308 Permanent Redirect\r\nLOCATION: {to}\r\n\r\n");
            let head = head(text.as_bytes()).expect("HTTP").expect("all of it");
            wants_tls(head.status, head.to_https, b"")
        };
        assert!(redirect("https://party.example/"));
        assert!(redirect("HTTPS://party.example/"));
        assert!(!redirect("http://party.example/"));
        assert!(!redirect("/jam1"));
        // nginx, Go and Apache.
        for body in [
            "<h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port",
            "Client sent an HTTP request to an HTTPS server.\n",
            "You're speaking plain HTTP to an SSL-enabled server port.",
        ] {
            assert!(wants_tls(400, false, body.as_bytes()), "{body}");
            assert!(!wants_tls(404, true, body.as_bytes()), "{body}");
        }
        assert!(!wants_tls(
            400,
            true,
            b"the head of the request is not HTTP"
        ));
    }
}
