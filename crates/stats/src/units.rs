//! Numbers that carry their meaning and refuse nonsense.

use crate::Error;
use serde::{Deserialize, Serialize};

/// A bound on a false-alarm probability, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Alpha(f64);

/// A difference of rates that is still called harmless, from 0 to below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Tolerance(f64);

/// Evidence against a null hypothesis: a non-negative number whose expectation is at most 1 where the hypothesis holds.
///
/// Always finite, so that it can be written as JSON: what is larger than the largest float is that float.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct EValue(f64);

/// How many choices are seen on average before a false alarm: from 1 up.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct RunLength(f64);

/// Insecure choices among decisions made (DESIGN.md, section 2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Insecure choices.
    pub insecure: u64,
    /// Decisions made.
    pub made: u64,
}

impl Alpha {
    /// # Errors
    /// [`Error::Alpha`] outside (0, 1).
    pub fn new(value: f64) -> Result<Self, Error> {
        if value > 0.0 && value < 1.0 { Ok(Alpha(value)) } else { Err(Error::Alpha(value)) }
    }

    /// The probability.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Tolerance {
    /// # Errors
    /// [`Error::Tolerance`] outside [0, 1).
    pub fn new(value: f64) -> Result<Self, Error> {
        if (0.0..1.0).contains(&value) { Ok(Tolerance(value)) } else { Err(Error::Tolerance(value)) }
    }

    /// The difference of rates.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl RunLength {
    /// # Errors
    /// [`Error::RunLength`] below 1 or no finite number.
    pub fn new(value: f64) -> Result<Self, Error> {
        if value >= 1.0 && value.is_finite() { Ok(RunLength(value)) } else { Err(Error::RunLength(value)) }
    }

    /// The number of choices.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl EValue {
    /// No evidence either way.
    pub const ONE: EValue = EValue(1.0);

    /// # Errors
    /// [`Error::EValue`] where negative or not a number.
    pub fn new(value: f64) -> Result<Self, Error> {
        if value >= 0.0 { Ok(EValue(value.min(f64::MAX))) } else { Err(Error::EValue(value)) }
    }

    /// The e-value with the given natural logarithm; that of no number is no evidence, 0.
    pub(crate) fn from_ln(ln: f64) -> Self {
        EValue(if ln.is_nan() { 0.0 } else { ln.exp().min(f64::MAX) })
    }

    /// The value.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Ville's inequality: the chance that evidence like this ever arises under the null hypothesis is at most its inverse.
    pub fn rejects(self, alpha: Alpha) -> bool {
        self.0 >= 1.0 / alpha.get()
    }
}

impl Rate {
    /// Insecure choices a decision made; `None` where none was made.
    pub fn value(self) -> Option<f64> {
        (self.made > 0).then(|| self.insecure as f64 / self.made as f64)
    }

    /// Counts a choice.
    pub fn add(&mut self, insecure: bool) {
        self.made += 1;
        self.insecure += u64::from(insecure);
    }

    /// The rate that the true one exceeds with probability at most `alpha`, where choices are independent (Clopper & Pearson 1934);
    /// 1 where no decision was made.
    pub fn at_most(self, alpha: Alpha) -> f64 {
        if self.insecure >= self.made {
            return 1.0;
        }
        let (above, below) = (self.insecure as f64 + 1.0, (self.made - self.insecure) as f64);
        // The bound solves "so few insecure choices, or fewer, with probability alpha"; that probability falls as the rate rises.
        let (mut low, mut high) = (0.0_f64, 1.0_f64);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            let fewer = 1.0 - statrs::function::beta::beta_reg(above, below, middle);
            *(if fewer > alpha.get() { &mut low } else { &mut high }) = middle;
        }
        high
    }

    /// The rate that the true one falls short of with probability at most `alpha`; 0 where no decision was made.
    pub fn at_least(self, alpha: Alpha) -> f64 {
        let secure = Rate { insecure: self.made.saturating_sub(self.insecure), made: self.made };
        1.0 - secure.at_most(alpha)
    }
}

impl TryFrom<f64> for Alpha {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Alpha::new(value)
    }
}

impl TryFrom<f64> for Tolerance {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        Tolerance::new(value)
    }
}

impl TryFrom<f64> for RunLength {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        RunLength::new(value)
    }
}

impl From<RunLength> for f64 {
    fn from(run_length: RunLength) -> f64 {
        run_length.0
    }
}

impl TryFrom<f64> for EValue {
    type Error = Error;
    fn try_from(value: f64) -> Result<Self, Error> {
        EValue::new(value)
    }
}

impl From<EValue> for f64 {
    fn from(e: EValue) -> f64 {
        e.0
    }
}

impl From<Alpha> for f64 {
    fn from(alpha: Alpha) -> f64 {
        alpha.0
    }
}

impl From<Tolerance> for f64 {
    fn from(tolerance: Tolerance) -> f64 {
        tolerance.0
    }
}
