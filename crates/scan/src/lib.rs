//! Is this model backdoored, and by what trigger? The first wing of taster: `scan`.
//!
//! A [`Scan`] reads as DESIGN.md, section 6, does: [`harvest`](mod@harvest) prompts from the user's code, survey what the
//! model chooses on them, propose candidate triggers, screen them in pools, confirm the best on fresh prompts against
//! placebos, minimise what was confirmed, report. [`Options`] say what to try and at what risk; [`report::ScanReport`] is
//! the result; every completion on the way is in the transcript.

mod alternatives;
mod ask;
pub mod compare;
mod confirm;
mod error;
pub mod harvest;
mod journal;
mod minimise;
mod options;
mod placebo;
mod plan;
mod propose;
mod run;
mod screen;
mod seeds;
mod survey;
mod taught;
mod trigger;
mod verdict;
mod white_box;

pub use ask::{Progress, Stage};
pub use error::Error;
pub use journal::{JOURNAL, TRANSCRIPT};
pub use options::{Mode, Options, Price};
pub use plan::Plan;
pub use run::Scan;
