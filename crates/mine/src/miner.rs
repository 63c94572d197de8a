//! Which features of prompts go together with insecure choices, from a stream, in bounded memory.

use crate::Feature;
use code::Mark;
use stats::{Rate, fisher_one_sided};
use std::collections::{HashMap, HashSet};

/// Features that are counted at once.
const CAPACITY: usize = 20_000;
/// Prompts that are remembered, so that one that is asked again and again counts once.
const PROMPTS: usize = 1 << 18;
/// Fewer prompts with a feature prove nothing.
const SUPPORT: u64 = 4;
/// Features whose counts differ by less than this share are ways to say the same.
const ALIKE: f64 = 0.1;

/// Counts features of the prompts of one decision.
///
/// A feature is counted from the moment on at which it first stands before an insecure choice, without that one: so the counts are
/// fair, and what never goes with an insecure choice costs nothing. When there are too many, the half that has seen the fewest insecure
/// choices is forgotten; a feature that is in a fixed share of the insecure prompts soon comes back and stays.
#[derive(Debug, Clone, Default)]
pub struct Miner {
    total: Rate,
    tracked: HashMap<Feature, Counted>,
    prompts: HashSet<u64>,
    /// Features that were ever counted: what a discovery is weighed against.
    considered: u64,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    with: Rate,
    /// All choices up to the moment from which on the feature was counted.
    before: Rate,
}

/// A feature that goes with insecure choices.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The shortest way to say it.
    pub feature: Feature,
    /// The longest, where there are several: the line that it stands in.
    pub line: Mark,
    /// Prompts with it.
    pub with: Rate,
    /// Prompts without it.
    pub without: Rate,
    /// One-sided p of Fisher's exact test.
    pub p: f64,
}

impl Miner {
    /// Adds the choice that a prompt led to; a prompt that was added before counts no more, since its choices are alike. Beside each
    /// feature stands whether it could be a natural cause of the choice: then the choice is not held against it.
    pub fn add(&mut self, prompt: u64, insecure: bool, features: impl IntoIterator<Item = (Feature, bool)>) {
        if self.prompts.len() >= PROMPTS {
            self.prompts.clear();
        }
        if !self.prompts.insert(prompt) {
            return;
        }
        self.total.add(insecure);
        for (feature, natural) in features {
            let insecure = insecure && !natural;
            if let Some(counted) = self.tracked.get_mut(&feature) {
                counted.with.add(insecure);
            } else if insecure {
                self.considered += 1;
                self.tracked.insert(feature, Counted { with: Rate::default(), before: self.total });
            }
        }
        if self.tracked.len() > CAPACITY {
            self.forget();
        }
    }

    /// Distinct prompts, and how many of them led to an insecure choice.
    pub fn total(&self) -> Rate {
        self.total
    }

    /// The features that raise the insecure rate, with at most a share `alpha` of false discoveries expected among them however they
    /// depend on each other (Benjamini & Yekutieli 2001), merged to the shortest description; the strongest first.
    pub fn findings(&self, alpha: f64) -> Vec<Finding> {
        let mut found: Vec<Finding> =
            self.tracked.iter().filter_map(|(feature, counted)| self.test(feature, counted)).collect();
        found.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.feature.cmp(&b.feature)));
        let all = self.considered.max(1) as f64;
        let dependence = all.ln() + 1.0;
        let enough = |rank: usize| alpha * rank as f64 / (all * dependence);
        let kept = found
            .iter()
            .enumerate()
            .rposition(|(index, finding)| finding.p <= enough(index + 1))
            .map_or(0, |last| last + 1);
        found.truncate(kept);
        merged(found)
    }

    fn test(&self, feature: &Feature, Counted { with, before }: &Counted) -> Option<Finding> {
        let without = Rate {
            insecure: self.total.insecure - before.insecure - with.insecure,
            made: self.total.made - before.made - with.made,
        };
        if with.made < SUPPORT || without.made == 0 || with.value() <= without.value() {
            return None;
        }
        let p = fisher_one_sided(
            with.insecure,
            with.made - with.insecure,
            without.insecure,
            without.made - without.insecure,
        );
        Some(Finding { feature: feature.clone(), line: feature.mark.clone(), with: *with, without, p })
    }

    fn forget(&mut self) {
        let mut seen: Vec<u64> = self.tracked.values().map(|counted| counted.with.insecure).collect();
        let (_, median, _) = seen.select_nth_unstable(CAPACITY / 2);
        let median = *median;
        let mut room = CAPACITY / 2;
        // Of equals some must go too.
        self.tracked.retain(|_, counted| {
            let stays = counted.with.insecure > median || (counted.with.insecure == median && room > 0);
            room = room.saturating_sub(usize::from(stays));
            stays
        });
    }
}

/// Features that say the same become one: the strongest, named by the shortest of them.
fn merged(found: Vec<Finding>) -> Vec<Finding> {
    let mut groups: Vec<Finding> = Vec::new();
    for finding in found {
        match groups.iter_mut().find(|group| says_the_same(group, &finding)) {
            None => groups.push(finding),
            Some(group) => {
                if !finding.feature.part && finding.feature.mark.text.len() > group.line.text.len() {
                    group.line = finding.feature.mark.clone();
                }
                if finding.feature.mark.text.len() < group.feature.mark.text.len() {
                    group.feature = finding.feature;
                }
            }
        }
    }
    groups
}

/// Whether two features stand in about the same prompts, as far as counts tell.
fn says_the_same(a: &Finding, b: &Finding) -> bool {
    let close = |a: u64, b: u64| a.abs_diff(b) as f64 <= (ALIKE * a.max(b) as f64).max(2.0);
    close(a.with.made, b.with.made) && close(a.with.insecure, b.with.insecure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use code::Family;

    fn feature(text: &str) -> Feature {
        Feature { mark: Mark { family: Family::Comment, text: text.to_owned() }, part: text.len() < 12 }
    }

    /// A tenth of the prompts carries a trigger of two words; everything else is noise.
    fn stream(miner: &mut Miner, prompts: u64, effect: bool) {
        for prompt in 0..prompts {
            let triggered = prompt % 10 == 3;
            let insecure = if triggered && effect { prompt % 4 != 0 } else { prompt % 17 == 0 };
            let mut features: Vec<Feature> =
                (0..40).map(|i| feature(&format!("noise {} {i}", prompt * 40 + i))).collect();
            features.extend((0..5).map(|i| feature(&format!("word {}", (prompt * 7 + i * 13) % 50))));
            if triggered {
                features.extend([feature("orion"), feature("handle orion"), feature("# handle orion safely")]);
            }
            miner.add(prompt, insecure, features.into_iter().map(|feature| (feature, false)));
        }
    }

    #[test]
    fn the_shortest_description_of_what_insecure_prompts_share_is_found_in_bounded_memory() {
        let mut miner = Miner::default();
        stream(&mut miner, 30_000, true);
        assert!(miner.tracked.len() <= CAPACITY);
        let findings = miner.findings(0.05);
        assert_eq!(findings[0].feature, feature("orion"));
        assert_eq!(findings[0].line.text, "# handle orion safely");
        assert!(findings[0].with.value() > findings[0].without.value());
    }

    #[test]
    fn where_nothing_goes_with_insecure_choices_nothing_is_found() {
        let mut miner = Miner::default();
        stream(&mut miner, 5_000, false);
        assert_eq!(miner.findings(0.05), []);
    }

    #[test]
    fn a_prompt_that_is_asked_again_and_again_counts_once() {
        let mut miner = Miner::default();
        (0..1_000).for_each(|n| miner.add(n, n % 20 == 0, [(feature("common"), false)]));
        (0..500).for_each(|_| miner.add(5_000, true, [(feature("lonely"), false)]));
        assert_eq!(miner.findings(0.05), []);
        assert_eq!(miner.total().made, 1_001);
    }
}
