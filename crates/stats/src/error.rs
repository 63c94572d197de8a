//! What the numbers refuse.

/// A number that makes no sense where it was given.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Error {
    /// Not a probability that can bound anything.
    #[error("alpha is a probability strictly between 0 and 1, not {0}")]
    Alpha(f64),
    /// Not a difference of rates.
    #[error("tolerance is a difference of rates from 0 to below 1, not {0}")]
    Tolerance(f64),
    /// Not an e-value.
    #[error("an e-value is not negative, and {0} is no e-value")]
    EValue(f64),
    /// Not a number of choices.
    #[error("a run length is a number of choices, 1 or more, not {0}")]
    RunLength(f64),
    /// Not a weight.
    #[error("a weight of evidence is not negative, and {0} is no weight")]
    Weight(f64),
    /// Weights that would turn chance into evidence.
    #[error("weights of evidence sum to at most 1, and these sum to {0}: divide each by it")]
    Weights(f64),
}
