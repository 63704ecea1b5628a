//! Which bytes of a track a request asks for (RFC 9110, sections 13 and 14). Pure.

use std::ops::Range;

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// 200: everything.
    Whole,
    /// 206: these bytes.
    Part(Range<u64>),
    /// 304: the client has it.
    NotModified,
    /// 416: no byte of the track is in the range.
    Unsatisfiable,
}

/// Decides by the request's fields, given the track's strong `etag` (with its quotes) and length in bytes.
///
/// A Range in another unit, malformed, or of several parts is ignored, as the RFC allows: the answer is whole.
#[must_use]
pub fn select(
    if_none_match: Option<&str>,
    if_range: Option<&str>,
    range: Option<&str>,
    etag: &str,
    length: u64,
) -> Selection {
    if if_none_match.is_some_and(|list| etag_is_listed(list, etag)) {
        return Selection::NotModified;
    }
    // A date is never a match: tracks have none, and a weak tag must not select a range.
    if if_range.is_some_and(|condition| condition != etag) {
        return Selection::Whole;
    }
    let Some((first, last)) = range.and_then(parse_single_range) else {
        return Selection::Whole;
    };
    let selected = match (first, last) {
        (Some(first), last) => {
            first..last.map_or(length, |last| last.saturating_add(1).min(length))
        }
        (None, Some(suffix)) => length.saturating_sub(suffix)..length,
        (None, None) => return Selection::Whole,
    };
    if selected.is_empty() {
        return Selection::Unsatisfiable;
    }
    Selection::Part(selected)
}

/// Whether an `If-None-Match` names this tag, given with its quotes and without `W/`.
#[must_use]
pub fn etag_is_listed(list: &str, etag: &str) -> bool {
    // The comparison is weak here: `W/` does not matter.
    list.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// `bytes=1-2`, `bytes=1-` and `bytes=-2` as (first, last).
fn parse_single_range(range: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, spec) = range.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    let (first, last) = (parse_position(first)?, parse_position(last)?);
    match (first, last) {
        (Some(first), Some(last)) if last < first => None,
        parsed => Some(parsed),
    }
}

/// Empty is `Some(None)`; a number too large for any file is as good as the largest.
fn parse_position(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}
