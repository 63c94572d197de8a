//! One result model, and it as terminal text, HTML page, JSON, SARIF and STIX.
//!
//! `scan` and `check` fill in a [`ScanReport`] or [`CheckReport`]; the views are functions from it to text. Every text in it
//! that came out of a model or a file is raw and hostile; each view escapes it ([`escape`]).
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let report: report::ScanReport = report::json::read(&std::fs::read_to_string("taster-report/report.json")?)?;
//! let width = 100;
//! let shown = report::terminal::scan(&report, width, false);
//! report::write_all(&report, std::path::Path::new("elsewhere"))?;
//! # Ok(())
//! # }
//! ```

mod advice;
mod alarm;
mod audit;
mod change;
mod comparison;
mod dashboard;
mod error;
pub mod escape;
pub mod figure;
mod folder;
pub mod html;
pub mod json;
mod result;
pub mod sarif;
pub mod schema;
pub mod stix;
pub mod terminal;
mod traced;

pub use alarm::{Alarm, Drift, Feature, SegmentRate, WatchReport};
pub use audit::*;
pub use change::*;
pub use comparison::*;
pub use dashboard::{AlarmPage, Behind, History, Overview, Trial, TrialState};
pub use error::Error;
pub use folder::{remove_all, write_all, write_audit, write_comparison, write_trace};
pub use result::*;
pub use traced::*;
