//! Has generated code changed for the worse, in which segment, and what do the prompts behind it share? `taster watch`.
//!
//! An [`Exchange`] is one completion as it flowed by, whoever saw it: the [`gateway`], an importer, a trace receiver. All go through
//! [`Intake::accept`], which reads their decisions, covers their secrets, lets the detectors play and stores everything in
//! one transaction: what it has accepted outlives the process. [`Detection`] says what counts as change.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use watch::{Detection, Exchange, Intake, Prompts, Settings};
//! let settings = Settings { detection: Detection::standard()?, prompts: Prompts::Kept, reference: false };
//! let folder = tempfile::tempdir()?;
//! let mut intake = Intake::open(&watch::Database::File(folder.path().join("watch.db")), settings)?;
//! let exchange = Exchange::of("import yaml\n\ndef load(f):\n", "    return yaml.load(f, Loader=yaml.Loader)\n");
//! let accepted = intake.accept(&[exchange.clone(), exchange])?;
//! assert_eq!((accepted.new, accepted.known, accepted.decisions), (1, 1, 1));
//! # Ok(())
//! # }
//! ```

mod advance;
mod alert;
mod analysis;
mod archive;
mod blocks;
pub mod dashboard;
mod error;
mod event;
mod exchange;
pub mod gateway;
mod import;
mod intake;
mod language;
mod metrics;
mod mining;
mod queue;
mod receiver;
mod redact;
mod review;
mod spool;
mod store;
mod stream;
mod ties;
mod triggers;
mod watched;

pub use alert::{Receiver, signature};
pub use analysis::{Analysed, Chosen, analyse};
pub use error::Error;
pub use event::Event;
pub use exchange::{EVERYTHING, Exchange};
pub use import::{Imported, import};
pub use intake::{Accepted, Intake, Prompts, Settings};
pub use queue::{Capacity, Queue};
pub use receiver::{After, otlp};
pub use redact::Redactor;
pub use review::Review;
pub use spool::{Spool, SpoolError};
pub use store::Database;
pub use stream::{Detection, Stream};
pub use triggers::triggers;
