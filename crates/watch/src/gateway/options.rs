//! What the gateway is told.

use super::{Policy, Segment, Upstream};
use crate::Capacity;
use code::Language;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What becomes of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It passes as it is; a copy is analysed beside it.
    Observe,
    /// Findings are written to it: into a header, or a last event.
    Annotate,
    /// It is held back where it makes a choice that the policy denies.
    Block,
}

/// What becomes of a reply whose analysis failed, in [`Mode::Block`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It passes, and is counted.
    Pass,
    /// It is held back.
    Block,
}

/// The operator's page: health and metrics.
#[derive(Clone)]
pub struct Admin {
    /// Where it is.
    pub listen: SocketAddr,
    /// What it asks for, as a bearer token.
    pub token: String,
}

/// The gateway's settings.
#[derive(Clone)]
pub struct Options {
    /// Where clients find it.
    pub listen: SocketAddr,
    /// The servers behind it; at least one.
    pub upstreams: Vec<Upstream>,
    /// What becomes of a reply.
    pub mode: Mode,
    /// What is held back, in [`Mode::Block`].
    pub policy: Policy,
    /// What becomes of a reply whose analysis failed.
    pub on_failure: OnFailure,
    /// How traffic is told apart.
    pub segments: Vec<Segment>,
    /// The language of code, where it is always the same.
    pub language: Option<Language>,
    /// Most bytes of a request's body.
    pub body_limit: usize,
    /// Longest silence of a server.
    pub patience: Duration,
    /// How much may wait for analysis.
    pub capacity: Capacity,
    /// Where events wait while the consumer fails; they are lost, and counted, where this is [`None`].
    pub spool: Option<PathBuf>,
    /// The operator's page, if there is one.
    pub admin: Option<Admin>,
}

impl Options {
    /// A gateway that observes.
    pub fn new(listen: SocketAddr, upstreams: Vec<Upstream>) -> Options {
        Options {
            listen,
            upstreams,
            mode: Mode::Observe,
            policy: Policy::default(),
            on_failure: OnFailure::Pass,
            segments: Segment::usual(),
            language: None,
            body_limit: 64 << 20,
            patience: Duration::from_secs(300),
            capacity: Capacity { items: 10_000, bytes: 256 << 20 },
            spool: None,
            admin: None,
        }
    }
}
