//! The address of a PostgreSQL, and how the way there is secured.

use hyper_rustls::ConfigBuilderExt;
use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::time::Duration;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server is. With `sslmode=require` (or `verify-full`, the same here) nobody between can read along or answer in its place: the connection is
/// encrypted and the server's certificate checked, against the authorities in the file `sslrootcert`, else this system's. Otherwise it is plain.
pub struct Address {
    config: Config,
    secured: Option<MakeRustlsConnect>,
}

impl Address {
    /// Reads an address as libpq's users write it, `postgres://user@host/name?sslmode=verify-full&sslrootcert=FILE`.
    ///
    /// # Errors
    /// It is none, or its certificates cannot be read; says why.
    pub fn read(address: &str) -> Result<Address, String> {
        let (place, query) = address.split_once('?').unwrap_or((address, ""));
        let (mut kept, mut authorities) = (Vec::new(), None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslrootcert", file)) => authorities = Some(decoded(file)?),
                Some(("sslmode", "verify-full")) => kept.push("sslmode=require"),
                _ => kept.push(pair),
            }
        }
        let mut config: Config = format!("{place}?{}", kept.join("&")).parse().map_err(|error| said(&error))?;
        config.connect_timeout(PATIENCE).tcp_user_timeout(PATIENCE).application_name("taster");
        let secured = match (config.get_ssl_mode(), authorities) {
            (SslMode::Require, authorities) => Some(secured(authorities.as_deref())?),
            (_, Some(_)) => return Err("sslrootcert wants sslmode=verify-full".into()),
            _ => None,
        };
        Ok(Address { config, secured })
    }

    /// Connects.
    pub fn connect(&self) -> Result<Client, postgres::Error> {
        match &self.secured {
            Some(secured) => self.config.connect(secured.clone()),
            None => self.config.connect(NoTls),
        }
    }
}

fn secured(authorities: Option<&str>) -> Result<MakeRustlsConnect, String> {
    // Where the program has two providers of cryptography, rustls takes neither by itself; one that was chosen already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = ClientConfig::builder();
    let builder = match authorities {
        Some(file) => builder.with_root_certificates(read(file).map_err(|why| format!("sslrootcert {file}: {why}"))?),
        None => builder.with_native_roots().map_err(|error| format!("{error}; name authorities in sslrootcert"))?,
    };
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

fn read(file: &str) -> Result<RootCertStore, String> {
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())? {
        authorities.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    if authorities.is_empty() { Err("it holds no certificate".into()) } else { Ok(authorities) }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    decoded.map(|text| text.into_owned()).map_err(|_| "sslrootcert is no text".into())
}

/// What the server said, rather than that it said something.
pub fn said(error: &postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
