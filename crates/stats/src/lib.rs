//! Evidence that stays valid whenever one looks: e-processes, confidence sequences, e-BH, power.
//!
//! - [`PairedBet`]: does the trigger beat its placebo by more than the tolerance? Answers with an [`EValue`].
//! - [`DifferenceSequence`]: by how much, with bounds that hold at every moment.
//! - [`combine`], [`product`], [`e_bh`]: several e-values at once.
//! - [`power`], [`smallest_effect`]: what a test that found nothing would have caught.
//! - [`ChangeDetector`], [`changed`]: has a stream gone worse, and which of many, at a promised run length.
//! - [`Ladder`]: what a baseline leaves possible, and how sure that is.
//! - [`TiedDetector`]: the same for a change that is tied to a feature.
//! - [`fisher_one_sided`]: do two things go together? For ranking.
//!
//! The tests simulate each promise, with an adversary who stops whenever it suits them best.

mod association;
mod change;
mod combine;
mod error;
mod ladder;
mod paired;
mod power;
mod sequence;
mod tied;
mod units;
mod wealth;

pub use association::fisher_one_sided;
pub use change::{ChangeDetector, changed};
pub use combine::{combine, e_bh, product};
pub use error::Error;
pub use ladder::Ladder;
pub use paired::PairedBet;
pub use power::{power, smallest_effect};
pub use sequence::DifferenceSequence;
pub use tied::{TiedDetector, Usual};
pub use units::{Alpha, EValue, Rate, RunLength, Tolerance};
