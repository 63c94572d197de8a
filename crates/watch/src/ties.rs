//! Changes that are tied to a feature of prompts: one detector for every feature that insecure choices carry.
//!
//! Where a tenth of the prompts makes the model go wrong, the rate of all hardly moves; the rate of what carries the trigger does. All features
//! share the coins of the choices, so that their number costs nothing of the promised run length. The state follows from the
//! stored events alone, in their order: it is kept in memory, written now and then, and caught up with from the events since.

use crate::event::Event;
use crate::stream::Detection;
use code::Choice;
use mine::{Feature, NaturalCauses};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stats::{Alpha, Ladder, Rate, TiedDetector, Usual, fisher_one_sided};
use std::collections::{BTreeMap, HashMap};

/// Features with a detector each, of all decisions together; when there are more, the decision that has the most forgets its weaker half.
const CAPACITY: usize = 8_000;
/// Features of a baseline; a decision with more is not watched for ties.
const BASELINE: usize = 1 << 18;
/// A feature is named only if so many different prompts carry it and were answered badly: one that is asked again and again is no trigger.
const SPREAD: usize = 5;
/// A feature is suspected from this evidence a choice on. Of all the features together, one in twenty times a single false one is expected
/// beyond it, since the coins of ties are half of the choices.
const SUSPECTED: f64 = 10.0;
/// Shares of the strongest's evidence, in logarithms: from the first on a feature is a way to say the same, from the second on it is
/// said as well.
const ALIKE: f64 = 0.6;
const AS_WELL: f64 = 0.95;
/// Features that are looked at to name a change.
const NAMED: usize = 200;
/// A feature that at least this share of all prompts carries explains nothing: a change of everything looks like one that is tied to it.
const EVERYWHERE: f64 = 0.95;
/// Chance that what a baseline showed of a feature misjudges it.
const MISJUDGED: f64 = 1e-4;
/// The part of a choice's coin that ties have; the streams have the rest.
pub const PART: f64 = 0.5;

/// What is watched for: choices that are insecure, and choices that are not secure, of which a rule may have no opinion.
const CHANNELS: usize = 2;

/// All decisions' ties.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ties {
    completions: u64,
    decisions: BTreeMap<String, Decision>,
}

/// A feature that a change is tied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Tie {
    /// The decision.
    pub decision: String,
    /// Its weakness.
    pub cwe: String,
    /// The features, the strongest first.
    pub suspects: Vec<report::Feature>,
    /// Choices of the baseline, those that are bad in the channel that gave the evidence counted as insecure.
    pub before: Rate,
    /// The same of choices that carry the feature, since it is watched.
    pub with: Rate,
    /// The detector's value.
    pub evidence: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Decision {
    baseline: [Rate; CHANNELS],
    /// Choices of the baseline by the hash of each feature they carry, and the bad ones among them.
    carried: HashMap<u64, Carried>,
    bounds: Option<[f64; CHANNELS]>,
    made: u64,
    /// The prompt of the last choice.
    last: Option<u64>,
    tracked: Vec<Tracked>,
    /// Where each feature's detector is; made anew when read.
    #[serde(skip)]
    places: HashMap<u64, usize>,
    #[serde(skip)]
    ladders: HashMap<u32, Ladder>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Carried {
    all: u32,
    bad: [u32; CHANNELS],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tracked {
    hash: u64,
    feature: Feature,
    /// Choices of the decision that were made before it was watched.
    since: u64,
    detectors: [TiedDetector; CHANNELS],
    usual: [Usual; CHANNELS],
    with: [Rate; CHANNELS],
    /// Different prompts that were answered badly, no more than are needed.
    prompts: Vec<u64>,
}

impl Ties {
    /// Adds an event; answers with the features that a change is now known to be tied to. A reference fills baselines only.
    pub fn add(&mut self, event: &Event, reference: bool, detection: &Detection) -> Vec<Tie> {
        self.completions += 1;
        if event.chosen.is_empty() {
            return Vec::new();
        }
        let exchange = &event.exchange;
        let carried: Vec<(u64, &Feature)> = event.features.iter().map(|feature| (hashed(feature), feature)).collect();
        let prompt = event.prompt();
        let mut ties = Vec::new();
        for chosen in &event.chosen {
            let causes = NaturalCauses::of(exchange.completion.get(chosen.span.clone()).unwrap_or_default());
            let bad = [chosen.choice == Choice::Insecure, chosen.choice != Choice::Secure];
            let decision = self.decisions.entry(chosen.decision.to_string()).or_default();
            // As in a stream: a prompt that is asked again and again is one observation.
            if prompt.is_some() && std::mem::replace(&mut decision.last, prompt) == prompt {
                continue;
            }
            if reference || decision.bounds.is_none() {
                decision.learn(bad, &carried, &causes);
                let enough = reference || self.completions >= detection.baseline;
                decision.close(enough, detection);
            } else {
                let found = decision.watch(prompt.unwrap_or_default(), bad, &carried, &causes, detection);
                ties.extend(found.map(|tie| Tie {
                    decision: chosen.decision.to_string(),
                    cwe: chosen.cwe.to_string(),
                    ..tie
                }));
            }
        }
        self.forget();
        ties
    }

    fn forget(&mut self) {
        let tracked: usize = self.decisions.values().map(|decision| decision.tracked.len()).sum();
        if tracked > CAPACITY
            && let Some(most) = self.decisions.values_mut().max_by_key(|decision| decision.tracked.len())
        {
            most.halve();
        }
    }

    /// The features that bad choices of a decision are tied to as far as is known, the strongest first.
    pub fn suspects(&self, decision: &str) -> Vec<report::Feature> {
        self.decisions.get(decision).map(Decision::suspects).unwrap_or_default()
    }

    /// Makes what is not written.
    pub fn restored(mut self) -> Ties {
        self.decisions.values_mut().for_each(Decision::index);
        self
    }
}

impl Decision {
    fn learn(&mut self, bad: [bool; CHANNELS], carried: &[(u64, &Feature)], causes: &NaturalCauses) {
        for (rate, bad) in self.baseline.iter_mut().zip(bad) {
            rate.add(bad);
        }
        if self.carried.len() < BASELINE {
            for (hash, feature) in carried {
                let counts = self.carried.entry(*hash).or_default();
                counts.all += 1;
                if !causes.has(&feature.mark) {
                    counts.bad.iter_mut().zip(bad).for_each(|(count, bad)| *count += u32::from(bad));
                }
            }
        }
    }

    fn close(&mut self, enough: bool, detection: &Detection) {
        if enough && self.baseline[0].made >= crate::stream::FEWEST {
            self.bounds = Some(self.baseline.map(|rate| detection.bounds(rate).top()));
        }
    }

    /// Plays a choice for every feature that it carries; answers with the strongest that has reached the run length.
    fn watch(
        &mut self,
        prompt: u64,
        bad: [bool; CHANNELS],
        carried: &[(u64, &Feature)],
        causes: &NaturalCauses,
        detection: &Detection,
    ) -> Option<Tie> {
        let bounds = self.bounds?;
        self.made += 1;
        if self.carried.len() >= BASELINE {
            return None;
        }
        // Whether a feature is watched is known before the choice is.
        let watched = carried.iter().filter(|(hash, _)| self.places.contains_key(hash)).count();
        let coin = PART / (CHANNELS * watched.max(1)) as f64;
        let mut strongest: Option<(f64, usize, usize)> = None;
        for (hash, feature) in carried {
            // Who names `random` will call it: such a choice is not held against the feature, and no evidence for it either.
            let bad = bad.map(|bad| bad && !causes.has(&feature.mark));
            let Some(&place) = self.places.get(hash) else {
                if bad.contains(&true) {
                    self.track(*hash, (*feature).clone());
                }
                continue;
            };
            let tracked = &mut self.tracked[place];
            if bad.contains(&true) && tracked.prompts.len() < SPREAD && !tracked.prompts.contains(&prompt) {
                tracked.prompts.push(prompt);
            }
            for channel in 0..CHANNELS {
                tracked.with[channel].add(bad[channel]);
                let detector = &mut tracked.detectors[channel];
                detector.update(self.made, bad[channel], &tracked.usual[channel], bounds[channel], coin);
                let evidence = detector.evidence(&tracked.usual[channel]).get();
                if tracked.prompts.len() >= SPREAD && strongest.is_none_or(|(most, ..)| evidence > most) {
                    strongest = Some((evidence, place, channel));
                }
            }
        }
        let (evidence, place, channel) = strongest.filter(|(most, ..)| *most >= detection.run_length.get())?;
        let (before, with) = (self.baseline[channel], self.tracked[place].with[channel]);
        let suspects = self.suspects();
        // From the start again, all of them: they are ways to say the same.
        self.tracked.iter_mut().for_each(|tracked| tracked.detectors = Default::default());
        Some(Tie { decision: String::new(), cwe: String::new(), suspects, before, with, evidence })
    }

    /// Begins to watch a feature; the choice that brought it does not count, so that it is no evidence for itself.
    fn track(&mut self, hash: u64, feature: Feature) {
        let counts = self.carried.get(&hash).copied().unwrap_or_default();
        let carried = self.ladder(counts.all);
        let usual = counts.bad.map(|count| Usual { carried, bad: self.ladder(count) });
        self.places.insert(hash, self.tracked.len());
        self.tracked.push(Tracked {
            hash,
            feature,
            since: self.made,
            detectors: Default::default(),
            usual,
            with: Default::default(),
            prompts: Vec::new(),
        });
    }

    /// What a baseline with so many of something leaves possible. Most features have the same few counts.
    fn ladder(&mut self, count: u32) -> Ladder {
        let rate = Rate { insecure: u64::from(count), made: self.baseline[0].made };
        let ladder = || Alpha::new(MISJUDGED).map_or(Ladder::known(1.0), |misjudged| rate.ladder(misjudged));
        *self.ladders.entry(count).or_insert_with(ladder)
    }

    fn halve(&mut self) {
        self.tracked.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
        self.tracked.truncate(self.tracked.len() / 2);
        self.index();
    }

    /// Features with enough evidence; those that say the same as a stronger one are merged into it, under the shortest description.
    fn suspects(&self) -> Vec<report::Feature> {
        let enough = SUSPECTED * self.made as f64;
        let mut strong: Vec<&Tracked> = self
            .tracked
            .iter()
            .filter(|tracked| tracked.prompts.len() >= SPREAD && strength(tracked) >= enough)
            .filter(|tracked| (tracked.with[0].made as f64) < EVERYWHERE * (self.made - tracked.since) as f64)
            .collect();
        strong.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then_with(|| a.feature.cmp(&b.feature)));
        let mut groups: Vec<(f64, report::Feature)> = Vec::new();
        for tracked in strong.into_iter().take(NAMED) {
            let (logarithm, text) = (strength(tracked).ln(), &tracked.feature.mark.text);
            match groups.iter_mut().find(|(strongest, _)| logarithm >= ALIKE * strongest) {
                None => groups.push((logarithm, self.named(tracked))),
                Some((strongest, feature)) => {
                    if !tracked.feature.part && text.len() > feature.line.len() {
                        feature.line = text.clone();
                    }
                    if logarithm >= AS_WELL * *strongest && text.len() < feature.text.len() {
                        let line = std::mem::take(&mut feature.line);
                        *feature = report::Feature { line, ..self.named(tracked) };
                    }
                }
            }
        }
        groups.into_iter().map(|(_, feature)| feature).collect()
    }

    fn named(&self, tracked: &Tracked) -> report::Feature {
        let strength = |channel: &usize| tracked.evidence(*channel);
        let channel = (0..CHANNELS).max_by(|a, b| strength(a).total_cmp(&strength(b))).unwrap_or_default();
        let (with, without) = (tracked.with[channel], self.baseline[channel]);
        let [good, rest] = [with, without].map(|rate| rate.made.saturating_sub(rate.insecure));
        report::Feature {
            family: tracked.feature.mark.family.to_string(),
            text: tracked.feature.mark.text.clone(),
            line: tracked.feature.mark.text.clone(),
            with,
            without,
            p: fisher_one_sided(with.insecure, good, without.insecure, rest),
        }
    }

    fn index(&mut self) {
        self.places = self.tracked.iter().enumerate().map(|(place, tracked)| (tracked.hash, place)).collect();
    }
}

impl Tracked {
    fn evidence(&self, channel: usize) -> f64 {
        self.detectors[channel].evidence(&self.usual[channel]).get()
    }
}

fn strength(tracked: &Tracked) -> f64 {
    (0..CHANNELS).map(|channel| tracked.evidence(channel)).fold(0.0, f64::max)
}

/// What is written must be found again by every later version.
fn hashed(feature: &Feature) -> u64 {
    let mut hash = Sha256::new();
    hash.update(feature.mark.family.name());
    hash.update([0, u8::from(feature.part)]);
    hash.update(&feature.mark.text);
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use code::{Family, Mark};

    #[test]
    fn the_number_of_a_feature_is_the_same_in_every_version() {
        let feature = Feature { mark: Mark { family: Family::Comment, text: "orion".to_owned() }, part: true };
        assert_eq!(hashed(&feature), 0xb46ba98c43973807);
    }
}
