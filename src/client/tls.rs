//! The encrypted way to a server: whose certificates are believed, the handshake, and how a connection goes on behind it.
//!
//! The files are read anew for each connection, so that a renewed one counts from then on. Behind the handshake a thread
//! carries the connection (`sys/tls_carrier`), as on the server, and whoever dialled has the plain end of it: a socket like
//! any other. Built with the feature `tls` alone; `no_tls.rs` stands for this file without it.

use super::error::RoomError;
use super::tls_words::{Ended, Trusted, is_ca_itself, no_trust, trouble};
use crate::limits::{CLIENT_STACK_BYTES, TLS_HANDSHAKE_DEADLINE};
use crate::room::address::RoomAddress;
use crate::room::trust::Trust;
use crate::sys::threads::Threads;
use crate::sys::timed_socket::TimedSocket;
use crate::sys::tls_carrier::Carrier;
use crate::sys::tls_files::read_chain;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Names the file for all programs that ask OpenSSL, and so for this one.
const FILE_VARIABLE: &str = "SSL_CERT_FILE";

/// Where systems keep what they trust: Debian, Fedora, openSUSE, and Alpine with its relatives.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Whose certificates are believed; `None`: nobody has said so, and this system has no file of them.
#[must_use]
pub fn trusted_file(trust: &Trust) -> Option<PathBuf> {
    let said = || std::env::var_os(FILE_VARIABLE).filter(|file| !file.is_empty());
    let usual = || BUNDLES.iter().map(PathBuf::from).find(|file| file.exists());
    let file = trust.file.clone();
    file.or_else(|| said().map(PathBuf::from)).or_else(usual)
}

/// Shakes hands on `socket`, and gives back the plain end of what it becomes: a stream socket, though not one of TCP.
///
/// # Errors
/// What is wrong with the certificate, or that no handshake came about.
pub(super) fn encrypt(
    socket: TcpStream,
    address: &RoomAddress,
    trust: &Trust,
    threads: &Threads,
) -> Result<TcpStream, RoomError> {
    let failed = |why: String| RoomError::Tls { why };
    let trusted = Trusted {
        file: trusted_file(trust).ok_or_else(|| failed(no_trust(FILE_VARIABLE)))?,
        typed: trust.file.is_some(),
    };
    let config = config(&trusted.file).map_err(failed)?;
    let mut tls = server_name(&address.host)
        .and_then(|name| ClientConnection::new(config, name).map_err(|error| error.to_string()))
        .map_err(failed)?;
    let socket = Arc::new(socket);
    let end = Instant::now() + TLS_HANDSHAKE_DEADLINE;
    let mut timed = TimedSocket::new(Arc::clone(&socket), TLS_HANDSHAKE_DEADLINE, end);
    if let Err(error) = tls.complete_io(&mut timed) {
        // An alert: whoever runs the server reads in the log what was wrong.
        while tls.wants_write() && tls.write_tls(&mut timed).is_ok_and(|count| count > 0) {}
        return Err(failed(trouble(&ended(&error), &address.host, &trusted)));
    }
    carry(tls, socket, threads).map_err(|error| failed(format!("carrying the connection: {error}")))
}

fn ended(error: &io::Error) -> Ended<'_> {
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref());
    match (inside, error.kind()) {
        (Some(error), _) => Ended::Tls(error),
        (None, ErrorKind::TimedOut) => Ended::TimedOut,
        (None, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => Ended::HungUp,
        _ => Ended::Other(error.to_string()),
    }
}

/// From now on the connection is carried to what comes back.
fn carry(
    tls: ClientConnection,
    outside: Arc<TcpStream>,
    threads: &Threads,
) -> io::Result<TcpStream> {
    let (carrier, inside) = Carrier::new(tls.into(), outside)?;
    // Those of connections that were lost before.
    threads.reap();
    threads.spawn("tls", CLIENT_STACK_BYTES, move || {
        if let Err(error) = carrier.run() {
            log::debug!("TLS: {error}");
        }
    })?;
    Ok(inside)
}

/// An IPv6 address without the name of its interface, which stands in no certificate.
fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    let host = host.split('%').next().unwrap_or_default();
    let name = ServerName::try_from(host.to_owned());
    name.map_err(|_| format!("{host:?} can stand in no certificate (type another name of it)"))
}

fn config(file: &Path) -> Result<Arc<ClientConfig>, String> {
    let believed = read_chain(file)?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(believed.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| {
            let file = file.display();
            format!("no certificate of {file} can be trusted: {error}")
        })?;
    // Named here, or rustls would look for one that the program has set.
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("setting up TLS: {error}"))?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { usual, believed }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Verifies as everybody does, and takes a certificate that is in the file itself for what it says as well: `openssl req
/// -x509` makes one that may sign others, and the rules let no server show such a one.
#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    believed: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self
            .usual
            .verify_server_cert(shown, between, name, ocsp, now);
        match verified {
            // That comes after the dates, and before the name, which is for whom it was made.
            Err(error) if is_ca_itself(&error) && self.believed.contains(shown) => {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, shown, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, shown, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_in_an_address_can_be_asked_for_in_a_certificate() {
        for (host, name) in [
            ("party.example", "party.example"),
            ("party.example.", "party.example."),
            ("lab_2", "lab_2"),
            ("192.168.1.20", "192.168.1.20"),
            ("fd00::2", "fd00::2"),
            ("fe80::1%eth0", "fe80::1"),
        ] {
            let expected = ServerName::try_from(name).expect(name);
            assert_eq!(server_name(host).expect(host), expected);
        }
        server_name("a..b").expect_err("no name");
    }
}
