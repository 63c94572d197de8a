//! The gateway: a proxy in front of any OpenAI-compatible server that reads what the model writes while it passes.
//!
//! A request's life: `connection` takes it, `answer` decides what becomes of it, `upstream` asks a server, and the reply goes back
//! through `observe` (copied as it passes) or `hold` (judged before it is let go). What passed is a [`transit`](self), which
//! waits in a bounded queue until `deliver` hands its [`Exchange`](crate::Exchange)s to a [`Consumer`].
//!
//! ```no_run
//! use watch::Exchange;
//! use watch::gateway::{Options, Running};
//! let options = Options::new("127.0.0.1:8400".parse()?, vec!["http://localhost:8000".parse()?]);
//! let running = Running::start(options, Box::new(|seen: &[Exchange]| Ok(println!("{} completions", seen.len()))))?;
//! println!("http://{}", running.address());
//! running.until_told()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin;
mod answer;
mod asked;
mod body;
mod breaking;
mod chunk;
mod connection;
mod counters;
mod deliver;
mod dialect;
mod error;
mod framing;
mod headers;
mod hold;
mod judge;
mod link;
mod memory;
mod observe;
mod options;
mod passage;
mod policy;
mod reading;
mod refusal;
mod reply;
mod running;
mod segment;
mod sse;
mod statements;
mod transit;
mod upstream;
mod whole;
mod writing;

pub use counters::{Count, Counters};
pub use deliver::{Consumer, Refused};
pub use dialect::Dialect;
pub use error::GatewayError;
pub use options::{Admin, Mode, OnFailure, Options};
pub use policy::Policy;
pub use running::Running;
pub use segment::Segment;
pub use transit::completions;
pub use upstream::Upstream;

use crate::Queue;
use memory::Memory;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use transit::Transit;

/// What all connections share.
struct Gateway {
    options: Options,
    /// Tells this run from every other, and requests from each other.
    run: uuid::Uuid,
    requests: AtomicU64,
    queue: Queue<Transit>,
    counters: Arc<Counters>,
    memory: Arc<Memory>,
    /// What the consumer shows of itself.
    page: Mutex<String>,
}

impl Gateway {
    fn next_id(&self) -> String {
        format!("{}-{}", self.run.simple(), self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Hands what went by to the analysis, unless there is no room.
    fn queue(&self, transit: Transit) {
        let bytes = transit.held.bytes();
        if !self.queue.offer(transit, bytes) {
            self.counters.add(Count::NotQueued);
        }
    }
}
