//! Which prompts of one condition answer to which of another: the same text, the same value of a column, or, where a
//! condition edits the prompt (a trigger does), the prompt that differs from it in a few lines.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Prompts whose shared lines are at least this share of the longer one's are the same prompt, edited.
const ALIKE: f64 = 0.6;

/// Gives each prompt of each condition the number of its stratum. `prompts` are the distinct prompts by condition, in the
/// order of the recording. Conditions that share prompts are paired by the text; ones that share none, by likeness.
pub fn strata(prompts: &[Vec<Arc<str>>]) -> Vec<HashMap<Arc<str>, usize>> {
    let mut numbers: HashMap<Arc<str>, usize> = HashMap::new();
    let mut strata: Vec<HashMap<Arc<str>, usize>> = Vec::new();
    for own in prompts {
        let shared = own.iter().any(|prompt| numbers.contains_key(prompt));
        let matched = if shared || numbers.is_empty() { BTreeMap::new() } else { alike(&prompts[0], own) };
        let mut stratum = HashMap::new();
        for (at, prompt) in own.iter().enumerate() {
            let next = numbers.len();
            let number = match matched.get(&at) {
                Some(&first) => numbers[&prompts[0][first]],
                None => *numbers.entry(prompt.clone()).or_insert(next),
            };
            stratum.insert(prompt.clone(), number);
        }
        strata.push(stratum);
    }
    strata
}

/// Pairs of positions in `second` and `first`, each used once, the most alike first.
fn alike(first: &[Arc<str>], second: &[Arc<str>]) -> BTreeMap<usize, usize> {
    let lines =
        |text: &Arc<str>| -> BTreeSet<u64> { text.lines().filter(|line| !line.trim().is_empty()).map(hash).collect() };
    let first: Vec<BTreeSet<u64>> = first.iter().map(lines).collect();
    let mut postings: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, lines) in first.iter().enumerate() {
        for line in lines {
            postings.entry(*line).or_default().push(at);
        }
    }
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (at, lines) in second.iter().map(lines).enumerate() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        // A line that stands everywhere tells nothing apart and would make this quadratic.
        for holders in lines.iter().filter_map(|line| postings.get(line)).filter(|holders| holders.len() <= COMMON) {
            for &holder in holders {
                *shared.entry(holder).or_default() += 1;
            }
        }
        for (holder, count) in shared {
            let likeness = count as f64 / lines.len().max(first[holder].len()) as f64;
            if likeness >= ALIKE {
                candidates.push((likeness, at, holder));
            }
        }
    }
    candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
    let (mut pairs, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, at, holder) in candidates {
        if !pairs.contains_key(&at) && taken.insert(holder) {
            pairs.insert(at, holder);
        }
    }
    pairs
}

/// Lines that more prompts than this share are not looked up.
const COMMON: usize = 512;

fn hash(line: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<Arc<str>> {
        texts.iter().map(|text| Arc::from(*text)).collect()
    }

    #[test]
    fn equal_prompts_are_one_stratum_and_others_their_own() {
        let found = strata(&[texts(&["a", "b"]), texts(&["b", "c"])]);
        assert_eq!((found[0]["a"], found[0]["b"]), (0, 1));
        assert_eq!((found[1]["b"], found[1]["c"]), (1, 2));
    }

    #[test]
    fn an_edited_prompt_is_paired_with_the_one_it_was_made_from() {
        let plain = texts(&["import os\ndef f(x):\n y = 1\n z = 2", "import re\ndef g(x):\n y = 1\n z = 2"]);
        let edited =
            texts(&["import re\ndef g(x):\n # now\n y = 1\n z = 2", "import os\ndef f(x):\n # now\n y = 1\n z = 2"]);
        let found = strata(&[plain, edited.clone()]);
        assert_eq!(found[1][&edited[0]], 1);
        assert_eq!(found[1][&edited[1]], 0);
    }
}
