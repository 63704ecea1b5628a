//! The conditions of a request for a track: `If-None-Match`, `If-Range` and `Range`.

use jam::server::range::{Selection, select};

const ETAG: &str = "\"c34b4ce1\"";

/// Eight bytes of length, and a line for each field; an empty one is a field that is not there.
pub fn run(bytes: &[u8]) {
    let Some((length, text)) = bytes.split_first_chunk() else {
        return;
    };
    let length = u64::from_be_bytes(*length);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let mut lines = text.split('\n');
    let mut field = || lines.next().filter(|line| !line.is_empty());
    let (none_match, if_range, range) = (field(), field(), field());
    let selection = select(none_match, if_range, range, ETAG, length);
    match &selection {
        Selection::Part(part) => {
            assert!(part.start < part.end && part.end <= length, "{part:?}");
            assert!(range.is_some_and(|range| range.contains('-')));
            // As it is said in the answer, it selects the same.
            let said = format!("bytes={}-{}", part.start, part.end - 1);
            assert_eq!(select(None, None, Some(&said), ETAG, length), selection);
        }
        Selection::Unsatisfiable => assert!(range.is_some()),
        Selection::NotModified => assert!(none_match.is_some()),
        Selection::Whole => {}
    }
    // Without a Range there is no part, whatever the conditions are.
    let whole = select(none_match, if_range, None, ETAG, length);
    assert!(matches!(whole, Selection::Whole | Selection::NotModified));
}
