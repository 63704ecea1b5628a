//! Whose pages may speak to a server: origins, as browsers name them and people type them. Pure.

use super::address::Endpoint;

/// `http://party.example:8080`: scheme, host and port, in small letters and without the usual port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// `None` unless `text` is `http://` or `https://`, a host, and a port if it is not the usual one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, host) = split(text)?;
        let place = host_and_port(&host, scheme)?;
        Some(Self(format!("{scheme}://{place}")))
    }

    /// Whether a browser means this one.
    #[must_use]
    pub fn is(&self, origin: &str) -> bool {
        Self::parse(origin).is_some_and(|origin| origin == *self)
    }
}

/// Whether the page of this origin came from `host`, which is what a client calls this server. The scheme does not count: a
/// proxy in front may have ended the encryption.
#[must_use]
pub fn is_own(origin: &str, host: &str) -> bool {
    let Some((scheme, page)) = split(origin) else {
        return false;
    };
    let page = host_and_port(&page, scheme);
    page.is_some() && page == host_and_port(&host.to_ascii_lowercase(), scheme)
}

/// The scheme, and what stands behind it in small letters.
fn split(origin: &str) -> Option<(&'static str, String)> {
    let (scheme, rest) = origin.split_once("://")?;
    let known = ["http", "https"];
    let scheme = known
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((scheme, rest.to_ascii_lowercase()))
}

/// Without the port that the scheme means anyhow.
fn host_and_port(text: &str, scheme: &str) -> Option<String> {
    let usual = if scheme == "http" { 80 } else { 443 };
    Endpoint::parse(text, usual)
        .ok()
        .map(|place| place.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_this_server_is_known_by_its_host_and_port() {
        for (origin, host) in [
            ("http://10.0.0.2:8000", "10.0.0.2:8000"),
            ("http://LocalHost:8000", "localhost:8000"),
            ("http://localhost:8000", "LOCALHOST:8000"),
            ("http://party.example", "party.example"),
            ("http://party.example", "party.example:80"),
            ("http://party.example:80", "party.example"),
            ("https://party.example", "party.example"),
            ("https://party.example", "party.example:443"),
            ("HTTPS://party.example:443", "party.example"),
            ("https://party.example:8443", "party.example:8443"),
            ("http://[fd00::2]:8000", "[fd00::2]:8000"),
            ("http://[FD00::2]", "[fd00::2]:80"),
        ] {
            assert!(is_own(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn any_other_page_is_somebody_elses() {
        for (origin, host) in [
            ("http://evil.example", "party.example"),
            ("http://party.example:81", "party.example"),
            ("http://party.example", "party.example:8000"),
            ("https://party.example", "party.example:80"),
            ("http://party.example.evil.example", "party.example"),
            ("http://party.example@evil.example", "evil.example"),
            ("http://party.example/", "party.example"),
            ("null", "party.example"),
            ("null", "null"),
            ("", ""),
            ("http://", ""),
            ("file://", ""),
            ("chrome-extension://abc", "abc"),
            ("party.example", "party.example"),
            ("http://party.example http://party.example", "party.example"),
        ] {
            assert!(!is_own(origin, host), "{origin} at {host}");
        }
    }

    #[test]
    fn an_origin_is_typed_as_browsers_say_it() {
        let typed = Origin::parse("https://Party.example:443").expect("an origin");
        assert!(typed.is("https://party.example"));
        for other in [
            "http://party.example",
            "https://party.example:444",
            "null",
            "",
        ] {
            assert!(!typed.is(other), "{other}");
        }
        for bad in [
            "",
            "null",
            "*",
            "party.example",
            "https://",
            "https://party.example/",
            "https://party.example/jam1",
            "https://*.example",
            "ftp://party.example",
            "https://party.example:0",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }
}
