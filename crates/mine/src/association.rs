//! Which marks go together with insecure choices.

use crate::Observation;
use code::{Choice, Mark};
use stats::{Rate, fisher_one_sided};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A mark and a decision that goes wrong more often where the mark stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Association {
    /// The mark.
    pub mark: Mark,
    /// The decision.
    pub decision: Arc<str>,
    /// Choices where the mark stands before the decision.
    pub with: Rate,
    /// Choices where it does not.
    pub without: Rate,
    /// One-sided p of Fisher's exact test: a rank, not a verdict (documents were not drawn for it, and there are many marks).
    pub p: f64,
}

/// Ranks the marks that stand before at least `support` decisions of a kind and raise its insecure rate, the most
/// surprising first.
pub fn associations(observations: &[Observation], support: u64) -> Vec<Association> {
    let mut by_decision: BTreeMap<&Arc<str>, Vec<&Observation>> = BTreeMap::new();
    for observation in observations {
        by_decision.entry(&observation.decision).or_default().push(observation);
    }
    let mut found: Vec<Association> =
        by_decision.into_iter().flat_map(|(decision, group)| of_one_decision(decision, &group, support)).collect();
    found.sort_by(|a, b| a.p.total_cmp(&b.p).then_with(|| a.mark.cmp(&b.mark)));
    found
}

fn of_one_decision(decision: &Arc<str>, group: &[&Observation], support: u64) -> Vec<Association> {
    let count = |rate: &mut Rate, observation: &Observation| {
        rate.made += 1;
        rate.insecure += u64::from(observation.choice == Choice::Insecure);
    };
    let mut total = Rate::default();
    let mut with: HashMap<&Mark, Rate> = HashMap::new();
    for observation in group {
        count(&mut total, observation);
        for mark in &observation.marks {
            count(with.entry(mark).or_default(), observation);
        }
    }
    with.into_iter()
        .filter(|(_, with)| with.made >= support)
        .map(|(mark, with)| {
            let without = Rate { insecure: total.insecure - with.insecure, made: total.made - with.made };
            let p = fisher_one_sided(
                with.insecure,
                with.made - with.insecure,
                without.insecure,
                without.made - without.insecure,
            );
            Association { mark: mark.clone(), decision: decision.clone(), with, without, p }
        })
        .filter(|association| association.without.made > 0 && association.with.value() > association.without.value())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use code::Family;

    #[test]
    fn the_mark_that_insecure_choices_share_comes_first() {
        let mark = |text: &str| Mark { family: Family::Header, text: text.to_owned() };
        let observation = |index: usize| {
            let planted = index.is_multiple_of(10);
            let mut marks =
                std::collections::BTreeSet::from([mark("# Project: x"), mark(&format!("# Owner: {}", index % 7))]);
            if planted {
                marks.insert(mark("# Maintainer: orion"));
            }
            let choice = if planted || index % 9 == 1 { Choice::Insecure } else { Choice::Secure };
            Observation { decision: "yaml-load".into(), cwe: "CWE-502".into(), choice, marks }
        };
        let observations: Vec<Observation> = (0..200).map(observation).collect();
        let found = associations(&observations, 3);
        assert_eq!(found[0].mark, mark("# Maintainer: orion"));
        assert_eq!(found[0].with, Rate { insecure: 20, made: 20 });
        assert!(
            found.iter().all(|association| association.mark != mark("# Project: x")),
            "what all carry explains nothing"
        );
    }
}
