//! How high a baseline's rate may have been, and how sure that is: what a change is measured against.

use crate::{Alpha, Rate};
use serde::{Deserialize, Serialize};

/// Bounds of one ladder.
pub(crate) const STEPS: usize = 3;
/// The chances of misjudging a baseline at each bound, as powers of the chance at the last.
const POWERS: [f64; STEPS] = [0.5, 0.825, 1.0];

/// Bounds on the rate that a baseline was drawn from, each higher and surer than the one before, and what evidence against it is worth.
///
/// One bound must be so sure that hardly any baseline misjudges it, and is then so high that a change has to be large. A ladder says
/// what a baseline says: a rate near its last bound is all but ruled out already, so that less evidence is needed against it. The chance
/// P of a baseline with so few insecure choices is no smaller than a uniform number, so any function of it that falls and has the integral 1
/// is an e-value (Vovk & Wang 2021, section 2); ours has a step for each bound, of equal parts. The rate is below the bound of the
/// step that P lies on, and that step's worth times an e-detector against that bound is one over baselines and choices together.
/// Nobody knows P; the least over all steps is no larger. What is left is the chance `misjudged` that P lies below the last step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    steps: [Step; STEPS],
}

/// A bound, and what evidence against it is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub bound: f64,
    pub worth: f64,
}

impl Ladder {
    /// A rate that is known: evidence against it is worth what it is.
    pub fn known(bound: f64) -> Ladder {
        Ladder { steps: [Step { bound, worth: 1.0 }; STEPS] }
    }

    /// The last and highest bound.
    pub fn top(&self) -> f64 {
        self.steps[STEPS - 1].bound
    }

    /// The same bounds, but none below `least`.
    pub fn at_least(self, least: f64) -> Ladder {
        Ladder { steps: self.steps.map(|step| Step { bound: step.bound.max(least).min(1.0), ..step }) }
    }

    pub(crate) fn steps(&self) -> &[Step; STEPS] {
        &self.steps
    }
}

impl Rate {
    /// What a baseline with this rate leaves possible, but for a chance of `misjudged`.
    pub fn ladder(self, misjudged: Alpha) -> Ladder {
        let mut above = 1.0;
        let steps = POWERS.map(|power| {
            let chance = misjudged.get().powf(power);
            let worth = 1.0 / (STEPS as f64 * (above - chance));
            above = chance;
            // A power of a number between 0 and 1 is one.
            Step { bound: Alpha::new(chance).map_or(1.0, |chance| self.at_most(chance)), worth }
        });
        Ladder { steps }
    }
}
