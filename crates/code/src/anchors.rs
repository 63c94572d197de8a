//! The words without which no rule of a language matches: where a text has them, and whether it has any.

use crate::lanes;
use crate::suppression;
use aho_corasick::PatternID;
use aho_corasick::dfa::DFA;

/// The anchors of a language's rules. They are had in a tenth of the time that the rules take to compile.
pub(crate) struct Anchors {
    /// Finds anchors and suppression words in one pass.
    automaton: Option<DFA>,
    /// For each of the automaton's literals, the rules it can wake; none for a suppression word.
    wakes: Vec<Vec<usize>>,
    rules: usize,
}

/// What stands in a text.
pub(crate) struct Anchored {
    /// For each rule, whether it may match: one of its anchors occurs, and all else that it needs.
    pub awake: Vec<bool>,
    /// Byte offsets at which an anchor ends, ascending.
    pub ends: Vec<usize>,
    /// Byte offsets at which a suppression word ends, ascending.
    pub suppressions: Vec<usize>,
}

impl Anchored {
    /// Whether any rule may match.
    pub fn any_awake(&self) -> bool {
        self.awake.contains(&true)
    }
}

impl Anchors {
    /// Of the anchors of each rule.
    pub fn new(rules: &[Vec<String>]) -> Anchors {
        let mut literals: Vec<&str> = suppression::WORDS.to_vec();
        let mut wakes = vec![Vec::new(); literals.len()];
        for (index, anchors) in rules.iter().enumerate() {
            for anchor in anchors {
                if let Some(known) = literals.iter().position(|literal| literal == anchor) {
                    wakes[known].push(index);
                } else {
                    literals.push(anchor);
                    wakes.push(vec![index]);
                }
            }
        }
        // There are far too many literals for a search that jumps to their first bytes.
        let automaton = DFA::builder().prefilter(false).build(&literals).ok();
        Anchors { automaton, wakes, rules: rules.len() }
    }

    /// Whether a text has any anchor.
    pub fn any(&self, text: &[u8]) -> bool {
        let wakes = |literal: PatternID| !self.wakes[literal.as_usize()].is_empty();
        // No prefilter: every rule is tried.
        self.automaton.as_ref().is_none_or(|automaton| lanes::any(automaton, text, wakes))
    }

    /// Where each anchor of a text ends, with the rules that it wakes.
    pub fn all(&self, text: &str) -> impl Iterator<Item = (usize, &[usize])> {
        let hits = self.automaton.iter().flat_map(|automaton| lanes::all(automaton, text.as_bytes()));
        hits.map(|(end, literal)| (end, self.wakes[literal.as_usize()].as_slice()))
            .filter(|(_, rules)| !rules.is_empty())
    }

    /// The anchors of a text, and the rules that they wake.
    pub fn woken(&self, text: &str) -> Anchored {
        let mut found = Anchored { awake: vec![false; self.rules], ends: Vec::new(), suppressions: Vec::new() };
        let Some(automaton) = &self.automaton else {
            // No prefilter: every rule is tried.
            found.awake.fill(true);
            found.ends.push(0);
            return found;
        };
        for (end, literal) in lanes::all(automaton, text.as_bytes()) {
            let literal = literal.as_usize();
            if literal < suppression::WORDS.len() {
                found.suppressions.push(end);
            }
            if !self.wakes[literal].is_empty() {
                found.ends.push(end);
            }
            for &rule in &self.wakes[literal] {
                found.awake[rule] = true;
            }
        }
        found
    }
}
