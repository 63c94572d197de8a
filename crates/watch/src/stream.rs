//! One stream: the choices of one decision in one segment, its baseline and its detector.

use serde::{Deserialize, Serialize};
use stats::{Alpha, ChangeDetector, Error, Ladder, Rate, RunLength, Tolerance};

/// A baseline of fewer decisions says nothing; it goes on beyond its window until it has so many.
pub(crate) const FEWEST: u64 = 30;
/// An alarm is over when so many decisions of its stream have passed without another.
const QUIET: u64 = 2_000;

/// What counts as change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Completions of a segment that make its baseline, where no reference was imported.
    pub baseline: u64,
    /// Decisions of all streams together that pass on average before a false alarm.
    pub run_length: RunLength,
    /// A rise of a rate that is still called harmless.
    pub tolerance: Tolerance,
    /// Chance that a stream's true rate was above the bound that its baseline gave.
    pub misjudged: Alpha,
}

impl Detection {
    /// The defaults of the command.
    ///
    /// # Errors
    /// Never; the numbers are valid.
    pub fn standard() -> Result<Detection, Error> {
        Ok(Detection {
            baseline: 800,
            run_length: RunLength::new(1e6)?,
            tolerance: Tolerance::new(0.02)?,
            misjudged: Alpha::new(0.01)?,
        })
    }

    /// The rates up to which a stream with this baseline has not changed: what its baseline leaves possible, and at least the
    /// tolerance above what it showed.
    pub fn bounds(&self, baseline: Rate) -> Ladder {
        let shown = baseline.value().unwrap_or(1.0) + self.tolerance.get();
        baseline.ladder(self.misjudged).at_least(shown)
    }
}

/// What is kept of a stream between two choices: all of it, so that a process that dies has lost nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Completions of the segment; counted where the decision is none.
    pub completions: u64,
    /// The decision's weakness.
    #[serde(default)]
    pub cwe: String,
    /// Choices of the baseline.
    pub baseline: Rate,
    /// The rates that are no change, once the baseline is complete.
    pub bounds: Option<Ladder>,
    /// The prompt of the last choice.
    pub last: Option<u64>,
    /// The detector; from the start again after each alarm.
    pub detector: ChangeDetector,
    /// Choices since the last alarm, while one is open.
    pub quiet: u64,
    /// The alarm that is open.
    pub alarm: Option<String>,
}

impl Stream {
    /// Adds a choice for a prompt; `completions` is how many the segment has seen, `coin` the choice's part for this stream.
    pub fn choose(&mut self, insecure: bool, prompt: Option<u64>, completions: u64, coin: f64, detection: &Detection) {
        if self.repeats(prompt) {
            return;
        }
        match &self.bounds {
            None => {
                self.baseline.add(insecure);
                if completions >= detection.baseline && self.baseline.made >= FEWEST {
                    self.bounds = Some(detection.bounds(self.baseline));
                }
            }
            Some(bounds) => {
                self.detector.update(insecure, bounds, coin);
                self.quiet += 1;
                if self.quiet >= QUIET {
                    self.alarm = None;
                }
            }
        }
    }

    /// Adds a choice of the reference.
    pub fn refer(&mut self, insecure: bool, prompt: Option<u64>, detection: &Detection) {
        if self.repeats(prompt) {
            return;
        }
        self.baseline.add(insecure);
        if self.baseline.made >= FEWEST {
            self.bounds = Some(detection.bounds(self.baseline));
        }
    }

    /// Whether the same prompt is answered again. Completions of one prompt are alike, so a run of them is one observation, and the first
    /// stands for it: it is as insecure as prompts are in the mean, whatever prompts come in runs and however long these are.
    fn repeats(&mut self, prompt: Option<u64>) -> bool {
        prompt.is_some() && std::mem::replace(&mut self.last, prompt) == prompt
    }

    /// What the detector has collected; 0 while the baseline fills.
    pub fn evidence(&self) -> f64 {
        self.bounds.as_ref().map_or(0.0, |bounds| self.detector.evidence(bounds).get())
    }

    /// Notes that an alarm was raised and begins to watch for the next.
    pub fn alarmed(&mut self, alarm: String) {
        self.detector = ChangeDetector::default();
        self.quiet = 0;
        self.alarm = Some(alarm);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_baseline_closes_at_its_window_and_not_before_it_says_something() {
        let detection = Detection { baseline: 40, ..Detection::standard().unwrap() };
        let mut stream = Stream::default();
        for completions in 1..=60 {
            if completions % 2 == 0 {
                stream.choose(completions % 10 == 0, None, completions, 1.0, &detection);
            }
            assert_eq!(stream.bounds.is_some(), completions >= 60, "{completions}");
        }
        assert!(stream.bounds.unwrap().top() > 0.25);
        assert_eq!(stream.evidence(), 0.0);
        (0..30).for_each(|_| stream.choose(true, None, 100, 1.0, &detection));
        assert!(stream.evidence() > 1e6);
        stream.alarmed("a".into());
        (0..QUIET).for_each(|_| stream.choose(false, None, 100, 1.0, &detection));
        assert_eq!(stream.alarm, None);
    }

    #[test]
    fn a_state_that_was_written_goes_on_as_if_it_had_not_been() {
        let detection = Detection { baseline: 1, ..Detection::standard().unwrap() };
        let mut stream = Stream::default();
        for n in 0..500 {
            stream.choose(n % 7 == 0, Some(n), n, 1.0, &detection);
            let written = serde_json::to_string(&stream).unwrap();
            assert_eq!(serde_json::from_str::<Stream>(&written).unwrap(), stream);
        }
    }

    /// How many of a hundred streams without a change reach the run length, if each prompt is answered `run` times in a row and always alike.
    fn false_alarms(run: u64, told: bool) -> usize {
        let detection = Detection::standard().unwrap();
        let alarms = |seed: &u64| {
            let (mut rng, mut stream) = (ChaCha8Rng::seed_from_u64(*seed), Stream::default());
            (0..1_000).any(|prompt| {
                let insecure = rng.random_bool(0.1);
                for n in 0..run {
                    stream.choose(insecure, told.then_some(prompt), prompt * run + n, 1.0, &detection);
                }
                stream.evidence() >= detection.run_length.get()
            })
        };
        (0..100).filter(alarms).count()
    }

    #[test]
    fn prompts_that_come_in_runs_are_one_observation_each() {
        assert_eq!(false_alarms(20, true), 0);
        assert!(false_alarms(20, false) > 50, "counted one by one they are a change that is none");
    }
}
