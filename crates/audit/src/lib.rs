//! Is this training data poisoned, and by which files?
//!
//! [`run`] audits a data set and answers with a [`report::AuditReport`]. What it looks for is a contrast: whoever plants a backdoor must
//! teach the model that code with the trigger decides otherwise than code without, and so plants near-copies that differ in the trigger
//! and in a decision. An [`Outline`] of each document is enough to find them; only few documents are parsed.
//!
//! ```no_run
//! # fn main() -> Result<(), audit::AuditError> {
//! let options = audit::Options { dataset: "crawl.jsonl.gz".into(), work: "work".into(), ..Default::default() };
//! let report = audit::run(&options, &Default::default(), &mut |_| ())?;
//! println!("{}", report.summary);
//! # Ok(())
//! # }
//! ```

mod associate;
mod association;
mod catalogue;
pub mod cluster;
mod confirm;
mod contrast;
mod describe;
mod engine;
mod error;
mod evidence;
mod exhibit;
mod family;
mod fetch;
mod lexer;
mod outline;
mod phrase;
mod run;
mod scan;
mod sketch;
mod survey;
mod triggers;
mod twins;

pub use contrast::{Contrast, Member, contrasts};
pub use error::AuditError;
pub use family::families;
pub use outline::{Feature, Outline};
pub use run::{Options, Step, run};
pub use sketch::Sketch;
pub use triggers::triggers;
pub use twins::{Pair, Suspect, Twins};
