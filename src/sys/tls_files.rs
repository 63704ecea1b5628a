//! The files that TLS needs: PEM, bounded, and with words for what is wrong with them.

use crate::limits::TLS_FILE_BYTES_MAX;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// All certificates of a file, at least one.
///
/// # Errors
/// What is wrong with it.
pub fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = read_file("certificate", path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| not_pem("certificate", path, &error))?;
    if chain.is_empty() {
        let file = path.display();
        return Err(format!(
            "the certificate {file} has none in it (a PEM file has a line -----BEGIN CERTIFICATE-----)"
        ));
    }
    Ok(chain)
}

/// A whole file; `what` it is, for the words.
///
/// # Errors
/// When it cannot be read, or is too large for one.
pub fn read_file(what: &str, path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: io::Error| format!("reading the {what} {}: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    let mut text = Vec::new();
    let mut bounded = file.take(TLS_FILE_BYTES_MAX + 1);
    bounded.read_to_end(&mut text).map_err(failed)?;
    match text.len() as u64 > TLS_FILE_BYTES_MAX {
        true => Err(format!(
            "the {what} {} is too large for one",
            path.display()
        )),
        false => Ok(text),
    }
}

#[must_use]
pub fn not_pem(what: &str, path: &Path, error: &pem::Error) -> String {
    format!("the {what} {} is no PEM file: {error}", path.display())
}
