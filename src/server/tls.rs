//! The encrypted door: the certificate that is shown there, the handshake, and how a connection goes on behind it.
//!
//! A client that begins with a TLS record gets its handshake in the thread that found it out. Then a thread of its own
//! carries the connection (`sys/tls_carrier`), and the one that shook hands serves the plain end of it, as it would
//! serve any other. Built with the feature `tls` alone; `no_tls.rs` stands for this file without it.

use super::accept::Connection;
use super::connection::{is_timeout, read_before};
use super::run::Hub;
use crate::limits::{READER_STACK_BYTES, TLS_HANDSHAKE_DEADLINE, WRITE_STALL};
use crate::sys::tls_carrier::Carrier;
use crate::sys::tls_files::{not_pem, read_chain, read_file};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{InconsistentKeys, ServerConfig, ServerConnection};
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// How a TLS record begins that begins a handshake; neither HTTP nor the swarm begins so.
const HANDSHAKE_RECORD: u8 = 0x16;

/// What the server needs to be known by.
#[derive(Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
}

impl Tls {
    /// From PEM files: the certificate with those that vouch for it behind it, and its key. They may be one file.
    ///
    /// # Errors
    /// What is wrong with which of them, and what to do.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain = read_chain(certificate)?;
        let private = read_key(key)?;
        // Named here, or rustls would look for one that the program has set.
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("setting up TLS: {error}"))?
            .with_no_client_auth();
        let mut config = builder
            .with_single_cert(chain, private)
            .map_err(|error| does_not_fit(&error, certificate, key))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Whether what a client sends first begins a TLS handshake.
    #[must_use]
    pub fn is_meant(first: &[u8]) -> bool {
        first.first() == Some(&HANDSHAKE_RECORD)
    }

    /// Shakes hands, and gives back the inside of the connection; `None` when nothing came of it. `first` is what has
    /// been read already.
    #[must_use]
    pub fn accept(
        &self,
        hub: &Arc<Hub>,
        connection: Connection,
        first: &[u8],
    ) -> Option<Connection> {
        let peer = connection.ip();
        let tls = self.shake_hands(&connection.socket(), first);
        match tls.and_then(|tls| carry(hub, tls, connection)) {
            Ok(inside) => Some(inside),
            Err(why) => {
                log::info!("TLS with {peer}: {why}");
                None
            }
        }
    }

    fn shake_hands(
        &self,
        mut socket: &TcpStream,
        first: &[u8],
    ) -> Result<ServerConnection, String> {
        let deadline = Instant::now() + TLS_HANDSHAKE_DEADLINE;
        let lost = |error: io::Error| format!("lost during the handshake: {error}");
        let mut tls = ServerConnection::new(Arc::clone(&self.config))
            .map_err(|error| format!("setting up TLS: {error}"))?;
        let mut heard = hear(&mut tls, first);
        let mut buffer = [0; 4096];
        loop {
            // When it was wrong, this is an alert that says so.
            while tls.wants_write() {
                tls.write_tls(&mut socket).map_err(lost)?;
            }
            heard?;
            if !tls.is_handshaking() {
                return Ok(tls);
            }
            let count = match read_before(socket, &mut buffer, deadline) {
                Ok(0) => return Err("hung up during the handshake".into()),
                Ok(count) => count,
                Err(error) if is_timeout(&error) => {
                    let sec = TLS_HANDSHAKE_DEADLINE.as_secs();
                    return Err(format!("no handshake within {sec} s"));
                }
                Err(error) => return Err(lost(error)),
            };
            heard = hear(&mut tls, &buffer[..count]);
        }
    }
}

/// What the client said, as far as it is whole.
fn hear(tls: &mut ServerConnection, mut said: &[u8]) -> Result<(), String> {
    while !said.is_empty() {
        let count = tls.read_tls(&mut said).map_err(|error| error.to_string())?;
        tls.process_new_packets()
            .map_err(|error| error.to_string())?;
        if count == 0 {
            break; // Nothing counts behind a goodbye.
        }
    }
    Ok(())
}

/// From now on the connection is carried to what comes back.
fn carry(hub: &Arc<Hub>, tls: ServerConnection, outside: Connection) -> Result<Connection, String> {
    let no_descriptor = |error| format!("no socket to carry it: {error}");
    let (carrier, end) = Carrier::new(tls.into(), outside.socket()).map_err(no_descriptor)?;
    end.set_write_timeout(Some(WRITE_STALL))
        .map_err(no_descriptor)?;
    let inside = outside.inside(end);
    let run = move || {
        if let Err(error) = carrier.run() {
            log::debug!("TLS with {}: {error}", outside.address());
        }
    };
    // A stack like a member's, because it lives as long as one and needs as little: see there.
    let spawned = hub.threads.spawn("tls", READER_STACK_BYTES, run);
    spawned.map_err(|error| format!("no thread to carry it: {error}"))?;
    Ok(inside)
}

// ---- the files -----------------------------------------------------------------------------------

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let text = read_file("key", path)?;
    let file = path.display();
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if has_words(&text, b"ENCRYPTED PRIVATE KEY") => format!(
            "the key {file} is locked with a password (unlock it: openssl pkey -in {file} -out open.pem)"
        ),
        pem::Error::NoItemsFound => format!(
            "the key {file} has none in it (a PEM file has a line -----BEGIN PRIVATE KEY-----)"
        ),
        error => not_pem("key", path, &error),
    })
}

fn has_words(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|part| part == words)
}

fn does_not_fit(error: &rustls::Error, certificate: &Path, key: &Path) -> String {
    let (certificate, key) = (certificate.display(), key.display());
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            format!("the key {key} is not the one of the certificate {certificate}")
        }
        rustls::Error::InvalidCertificate(_) => {
            format!("the certificate {certificate} cannot be used: {error}")
        }
        _ => format!("the key {key} cannot be used with the certificate {certificate}: {error}"),
    }
}
