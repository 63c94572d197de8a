//! Why the gateway does not start.

use std::io;
use std::net::SocketAddr;

/// Each a sentence that names the input and what to do.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// An upstream's URL cannot be used.
    #[error("{url} {why}; give an upstream as http://host:port")]
    Upstream {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on: {source}; choose another with --listen or --admin")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system refuses threads or signals.
    #[error("the gateway cannot start: {0}")]
    System(#[from] io::Error),
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] crate::SpoolError),
    /// A file of triggers cannot be read.
    #[error("{path}: {why}; give the report.json of a scan, or lines of family, tab, text")]
    Triggers {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A policy names what no rule knows.
    #[error(
        "`{name}` is no decision and no weakness of any rule; the nearest is `{nearest}`, and `rules/` holds them all"
    )]
    Unknown {
        /// The name.
        name: String,
        /// The known name that begins most alike.
        nearest: String,
    },
    /// Blocking was asked for, and nothing to block.
    #[error("nothing to block: name decisions or weaknesses with --deny, or confirmed triggers with --triggers")]
    NothingToBlock,
}
