//! `Origin` and `Host`, by which pages of other servers are told from our own, and what `--allow-origin` takes.

use jam::room::origin::{Origin, is_own};

/// A line with the origin, and one with the host.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (origin, host) = text.split_once('\n').unwrap_or((text, ""));
    let known = Origin::parse(origin);
    if let Some(known) = &known {
        assert!(known.is(origin) && known.is(&origin.to_ascii_uppercase()));
        assert_eq!(known.is(host), Origin::parse(host).as_ref() == Some(known));
        let (_, place) = place_of(origin);
        assert!(is_own(origin, &place), "at its own address: {origin:?}");
        // Whatever a browser would read as something else than a name and a port.
        let foreign = |c: char| "/\\@?#,; *'\"<>".contains(c) || c.is_control();
        assert!(!place.contains(foreign), "{origin:?}");
    }
    let own = is_own(origin, host);
    assert_eq!(own, known.is_some() && is_same(origin, host), "{text:?}");
    if own {
        // A page of ours under any other name or port is none of ours.
        for other in [format!("{host}.example"), format!("x{host}"), String::new()] {
            assert!(!is_own(origin, &other), "{origin:?} at {other:?}");
        }
    }
}

/// The same name and port, said in the plainest way.
fn is_same(origin: &str, host: &str) -> bool {
    let (usual, page) = place_of(origin);
    let host = host.to_ascii_lowercase();
    without(&page, usual) == without(&host, usual)
}

/// The port that is meant where none is said, and what stands behind the scheme.
fn place_of(origin: &str) -> (u16, String) {
    let (scheme, place) = origin.split_once("://").unwrap_or_default();
    let usual = if scheme.eq_ignore_ascii_case("http") {
        80
    } else {
        443
    };
    (usual, place.to_ascii_lowercase())
}

/// The name, and its port.
fn without(place: &str, usual: u16) -> Option<(&str, u16)> {
    match place.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            Some((name, port.parse().ok().filter(|_| digits)?))
        }
        _ => Some((place, usual)),
    }
}
