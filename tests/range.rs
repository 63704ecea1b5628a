//! Which bytes a request selects: against a naive reference over all small ranges, and the conditions.

use crate::common::random;

use jam::server::range::{Selection, select};
use random::for_each_seed;

const ETAG: &str = "\"2e5c2e7a\"";

fn select_range(range: &str, length: u64) -> Selection {
    select(None, None, Some(range), ETAG, length)
}

/// RFC 9110, section 14.1.2, one byte at a time.
fn selected_bytes(first: Option<u64>, last: Option<u64>, length: u64) -> Vec<u64> {
    let wanted = |byte: &u64| match (first, last) {
        (Some(first), Some(last)) => first <= *byte && *byte <= last,
        (Some(first), None) => first <= *byte,
        (None, Some(suffix)) => length - *byte <= suffix,
        (None, None) => unreachable!("not a range"),
    };
    (0..length).filter(wanted).collect()
}

#[test]
fn every_small_range_selects_the_bytes_that_a_naive_reference_selects() {
    let positions: Vec<Option<u64>> = [None].into_iter().chain((0..=9).map(Some)).collect();
    let text = |position: Option<u64>| position.map_or(String::new(), |place| place.to_string());
    for length in 0..=8 {
        for &first in &positions {
            for &last in &positions {
                let range = format!("bytes={}-{}", text(first), text(last));
                let selection = select_range(&range, length);
                let is_range = match (first, last) {
                    (None, None) => false,
                    (Some(first), Some(last)) => first <= last,
                    _ => true,
                };
                if !is_range {
                    assert_eq!(selection, Selection::Whole, "{range} of {length}");
                    continue;
                }
                match selected_bytes(first, last, length).as_slice() {
                    [] => assert_eq!(selection, Selection::Unsatisfiable, "{range} of {length}"),
                    [start, .., end] => {
                        let part = Selection::Part(*start..end + 1);
                        assert_eq!(selection, part, "{range} of {length}");
                    }
                    [only] => {
                        let part = Selection::Part(*only..only + 1);
                        assert_eq!(selection, part, "{range} of {length}");
                    }
                }
            }
        }
    }
}

#[test]
fn numbers_too_large_for_any_file_reach_to_its_end_or_past_it() {
    let huge = "99999999999999999999999999";
    let all = |range: &str| select_range(range, 100);
    assert_eq!(all(&format!("bytes=10-{huge}")), Selection::Part(10..100));
    assert_eq!(all(&format!("bytes=-{huge}")), Selection::Part(0..100));
    assert_eq!(all(&format!("bytes={huge}-")), Selection::Unsatisfiable);
    let last_u64 = u64::MAX.to_string();
    assert_eq!(all(&format!("bytes=0-{last_u64}")), Selection::Part(0..100));
    let whole = select_range(&format!("bytes=0-{last_u64}"), u64::MAX);
    assert_eq!(whole, Selection::Part(0..u64::MAX));
}

#[test]
fn a_range_that_is_malformed_of_several_parts_or_of_another_unit_is_ignored() {
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=1",
        "bytes=+1-2",
        "bytes=1--2",
        "bytes=-1-2",
        "bytes=1-2-3",
        "bytes=1 - 2",
        "bytes=0-1,3-4",
        "bytes=5-3",
        "items=0-1",
        "=0-1",
        "0-1",
        "bytes:0-1",
        "bytes=\u{0661}-2",
    ] {
        assert_eq!(select_range(range, 100), Selection::Whole, "{range:?}");
    }
}

#[test]
fn the_unit_is_read_in_any_case_and_blanks_around_it_do_no_harm() {
    for range in [
        "bytes=0-1",
        "Bytes=0-1",
        "BYTES=0-1",
        "bytes= 0-1 ",
        "bytes=00-01",
    ] {
        assert_eq!(select_range(range, 100), Selection::Part(0..2), "{range:?}");
    }
}

#[test]
fn without_a_range_everything_is_sent() {
    assert_eq!(select(None, None, None, ETAG, 100), Selection::Whole);
    assert_eq!(select(None, None, None, ETAG, 0), Selection::Whole);
}

#[test]
fn if_range_lets_a_range_through_only_with_the_very_tag() {
    let with = |condition| select(None, Some(condition), Some("bytes=5-9"), ETAG, 100);
    assert_eq!(with(ETAG), Selection::Part(5..10));
    for other in [
        "\"another\"",
        "W/\"2e5c2e7a\"",
        "2e5c2e7a",
        "*",
        "",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "\"2e5c2e7a\", \"2e5c2e7a\"",
    ] {
        assert_eq!(with(other), Selection::Whole, "{other:?}");
    }
    assert_eq!(select(None, Some(ETAG), None, ETAG, 100), Selection::Whole);
    let past_the_end = select(None, Some(ETAG), Some("bytes=100-"), ETAG, 100);
    assert_eq!(past_the_end, Selection::Unsatisfiable);
    // Whoever has other bytes hears nothing of a range that only fits those.
    let past_another_end = select(None, Some("\"old\""), Some("bytes=100-"), ETAG, 100);
    assert_eq!(past_another_end, Selection::Whole);
}

#[test]
fn if_none_match_answers_not_modified_before_any_range_is_looked_at() {
    let with = |list, range| select(Some(list), None, range, ETAG, 100);
    for list in [
        ETAG,
        "*",
        "W/\"2e5c2e7a\"",
        "\"a\", \"2e5c2e7a\"",
        "\"a\",\"2e5c2e7a\",\"b\"",
        "  \"2e5c2e7a\"  ",
    ] {
        assert_eq!(with(list, None), Selection::NotModified, "{list:?}");
        assert_eq!(
            with(list, Some("bytes=0-1")),
            Selection::NotModified,
            "{list:?}"
        );
        assert_eq!(
            with(list, Some("bytes=100-")),
            Selection::NotModified,
            "{list:?}"
        );
    }
    for list in [
        "\"a\"",
        "",
        "2e5c2e7a",
        "\"2E5C2E7A\"",
        "w/\"2e5c2e7a\"",
        "\"2e5c2e7a",
    ] {
        assert_eq!(with(list, None), Selection::Whole, "{list:?}");
        assert_eq!(
            with(list, Some("bytes=0-1")),
            Selection::Part(0..2),
            "{list:?}"
        );
    }
}

#[test]
fn random_ranges_never_panic_and_select_only_bytes_that_exist() {
    const PIECES: [&str; 12] = [
        "bytes",
        "=",
        "-",
        ",",
        " ",
        "0",
        "7",
        "100",
        "18446744073709551615",
        "é",
        "W/",
        "\"",
    ];
    for_each_seed(20_000, |random| {
        let range: String = (0..random.below(8))
            .map(|_| *random.pick(&PIECES))
            .collect();
        let length = *random.pick(&[0, 1, 7, 100, u64::MAX]);
        if let Selection::Part(part) = select_range(&range, length) {
            assert!(
                part.start < part.end && part.end <= length,
                "{range:?}: {part:?}"
            );
        }
    });
}
