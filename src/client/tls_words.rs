//! What went wrong before a connection was encrypted, in words that say what to do. Pure.

use super::parse::first_words;
use crate::limits::TLS_HANDSHAKE_DEADLINE;
use rustls::{CertificateError, Error};
use std::path::PathBuf;

/// Names of a certificate that are shown.
const NAMES_SHOWN_MAX: usize = 5;

/// Whose certificates are believed.
pub struct Trusted {
    pub file: PathBuf,
    /// It was typed, and is not the system's own.
    pub typed: bool,
}

/// How a handshake ended that came to nothing.
pub enum Ended<'a> {
    /// By what TLS thinks of it.
    Tls(&'a Error),
    TimedOut,
    HungUp,
    Other(String),
}

#[must_use]
pub fn no_trust(variable: &str) -> String {
    format!(
        "this machine has no list of certificates to trust (type --tls-ca FILE with the one of the server, or of its \
         CA; or set {variable})"
    )
}

#[must_use]
pub fn trouble(ended: &Ended, host: &str, trusted: &Trusted) -> String {
    const PLAIN: &str =
        "begin the address with ws:// or http:// if it is a plain one, or check the port";
    match ended {
        Ended::Tls(Error::InvalidCertificate(error)) => certificate(error, host, trusted),
        Ended::Tls(Error::InvalidMessage(_)) => {
            format!("the server does not speak TLS there ({PLAIN})")
        }
        Ended::Tls(Error::AlertReceived(alert)) => {
            format!("the server broke off the handshake of TLS: {alert:?}")
        }
        Ended::Tls(error) => format!("the handshake of TLS failed: {error}"),
        Ended::TimedOut => {
            let sec = TLS_HANDSHAKE_DEADLINE.as_secs();
            format!("connected, but no handshake of TLS within {sec} s ({PLAIN})")
        }
        Ended::HungUp => format!("the server hung up during the handshake of TLS ({PLAIN})"),
        Ended::Other(why) => format!("the connection broke during the handshake of TLS: {why}"),
    }
}

fn certificate(error: &CertificateError, host: &str, trusted: &Trusted) -> String {
    use CertificateError as Bad;
    match error {
        Bad::UnknownIssuer | Bad::BadSignature => unknown(trusted),
        error if is_ca(error) => unknown(trusted),
        Bad::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
            "the server's certificate names no host, and so not {host} (it needs one with a subjectAltName)"
        ),
        Bad::NotValidForNameContext { presented, .. } => format!(
            "the server's certificate is for {}, and not for {host} (type an address that is in it)",
            names(presented)
        ),
        Bad::ExpiredContext { time, not_after } => format!(
            "the server's certificate expired {} ago (it needs a new one, unless this machine's clock is wrong)",
            about(time.as_secs().saturating_sub(not_after.as_secs()))
        ),
        Bad::NotValidYetContext { time, not_before } => format!(
            "the server's certificate is valid only in {} (unless a clock is wrong, here or there)",
            about(not_before.as_secs().saturating_sub(time.as_secs()))
        ),
        other => format!("the server's certificate cannot be believed: {other}"),
    }
}

fn unknown(Trusted { file, typed }: &Trusted) -> String {
    let file = file.display();
    match typed {
        true => format!(
            "the server's certificate is not in {file}, and none of that file vouches for it (is it of this server, and \
             its newest?)"
        ),
        false => format!(
            "nobody whom this machine trusts vouches for the server's certificate (type --tls-ca FILE with the \
             certificate itself, or with that of its CA; it is not in {file})"
        ),
    }
}

/// Whether it is a certificate that may sign others, which no server should show. rustls has no word of its own for it.
#[must_use]
pub fn is_ca_itself(error: &Error) -> bool {
    matches!(error, Error::InvalidCertificate(error) if is_ca(error))
}

fn is_ca(error: &CertificateError) -> bool {
    let CertificateError::Other(other) = error else {
        return false;
    };
    other.0.to_string() == "CaUsedAsEndEntity"
}

/// `DnsName("party.example")` and `IpAddress(192.168.1.20)`, as people write them. A certificate says what it likes.
fn names(presented: &[String]) -> String {
    let name = |text: &String| {
        let inside = text.split_once('(').map_or(text.as_str(), |(_, rest)| rest);
        first_words(inside.trim_end_matches(')').trim_matches('"'))
    };
    let shown: Vec<String> = presented.iter().take(NAMES_SHOWN_MAX).map(name).collect();
    let more = presented.len().saturating_sub(NAMES_SHOWN_MAX);
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn about(sec: u64) -> String {
    const HOUR: u64 = 60 * 60;
    match sec / HOUR {
        0 | 1 => format!("{} min", sec.div_ceil(60)),
        hours @ 2..48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_are_told_as_people_say_them() {
        for (sec, text) in [
            (1, "1 min"),
            (7199, "120 min"),
            (7200, "2 h"),
            (47 * 3600, "47 h"),
            (48 * 3600, "2 days"),
        ] {
            assert_eq!(about(sec), text);
        }
        let presented = ["DnsName(\"party.example\")", "IpAddress(192.168.1.20)"].map(String::from);
        assert_eq!(names(&presented), "party.example, 192.168.1.20");
        let many: Vec<String> = (0..7).map(|n| format!("DnsName(\"{n}\")")).collect();
        assert_eq!(names(&many), "0, 1, 2, 3, 4 and 2 more");
    }
}
