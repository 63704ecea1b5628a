//! Reads the head of an answer over HTTP. Pure.

use crate::limits::HTTP_ANSWER_FIELDS_MAX;

/// What a head says, and where the body begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub status: u16,
    /// Bytes of the body, if that was said.
    pub length: Option<u64>,
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
        end,
    }))
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
}
