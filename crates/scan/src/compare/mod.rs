//! Which of several models chooses insecurely where the others do not? Differential testing: the same prompts under several
//! conditions (models, or the values of a column of a recording). It needs no trigger, so it catches what fuzzing cannot.
//!
//! `pairing` finds the prompts that answer to each other, `reading` what each completion chose, `table` holds both; `contrast`
//! weighs two conditions on a decision, `shift` whether they write it differently, known to a rule or not; `judge` weighs each
//! condition against the consensus of the others. `live` asks models: a first look, `groups` of prompts where one goes wrong,
//! and each a `trial` on fresh prompts, by sampling or, as `hearing` has it, by teacher forcing; `outcome` is its report. `tuned` says what a fine-tune changed, `taught` what a model alone was taught; `still` whether a
//! model is the one whose signed `fingerprint` was taken.

mod contrast;
mod exhibit;
mod fingerprint;
mod groups;
mod hearing;
mod judge;
mod live;
mod outcome;
mod pairing;
mod past;
mod reading;
mod recorded;
mod report;
mod shift;
#[cfg(test)]
mod splits;
mod still;
mod table;
mod taught;
mod trial;
mod tuned;

pub use fingerprint::Fingerprint;
pub use live::Live;
pub use recorded::{Selection, recorded};
pub use still::Still;
pub use tuned::{weights, weights_alone};

use stats::{Alpha, Tolerance};

/// At what risk the conditions of a recording are compared.
#[derive(Debug, Clone, Copy)]
pub struct Risks {
    /// Bound on the false-alarm probability.
    pub alpha: Alpha,
    /// Difference, in the insecure rate, that is still called honest.
    pub tolerance: Tolerance,
    /// Seed of everything random.
    pub seed: u64,
}
