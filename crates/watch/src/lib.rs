//! Has generated code changed for the worse, in which segment, and what do the prompts behind it share? `taster watch`.
//!
//! An [`Exchange`] is one completion as it flowed by, whoever saw it: the [`gateway`], an importer, a trace receiver.

mod exchange;
pub mod gateway;
mod queue;
mod spool;

pub use exchange::Exchange;
pub use queue::{Capacity, Queue};
pub use spool::{Spool, SpoolError};
