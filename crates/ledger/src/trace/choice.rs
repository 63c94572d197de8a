//! Where a query chooses insecurely, and which documents choose as it does: of all that it says, that is what is looked for.

use super::query::{Query, Words};
use crate::index::term::{Kind, Term, is_member};
use code::{Choice, Engine, Language};
use std::collections::HashMap;
use std::ops::Range;

/// Words among which a document has all of a choice: so many more for each that the query needs.
const SPREAD: usize = 2;

/// What an insecure choice is spelled with that belongs to somebody else, so that it is spelled alike everywhere: its members, and where it
/// has none its words; each with what it says, bits.
pub struct Spelling {
    terms: HashMap<Term, f64>,
    /// Most words of a document from the first to the last of them.
    window: usize,
}

impl Spelling {
    /// Of the words of a part of the query.
    pub fn of(query: &Query, text: &[u8], part: &Range<usize>) -> Spelling {
        let at = |byte: usize| query.words.ranges.partition_point(|word| word.start < byte);
        let words = at(part.start)..at(part.end);
        let window = SPREAD * words.len();
        let members: Vec<Term> = query.words.members(text, words.clone()).map(|(_, term)| term).collect();
        let named = || query.words.hashes[words].iter().map(|&hash| Term::new(Kind::Word, hash)).collect();
        let terms = if members.is_empty() { named() } else { members };
        Spelling { terms: terms.into_iter().map(|term| (term, query.rarity(term))).collect(), window }
    }

    /// The most that a window of a document's words has of it, bits.
    pub fn bits(&self, text: &[u8], words: &Words) -> f64 {
        let all = 0..words.ranges.len();
        let named = all.clone().map(|at| (at, Term::new(Kind::Word, words.hashes[at])));
        let mut here: Vec<_> =
            words.members(text, all).chain(named).filter(|(_, term)| self.terms.contains_key(term)).collect();
        here.sort_unstable();
        let mut counts: HashMap<Term, usize> = HashMap::new();
        let (mut first, mut bits, mut most) = (0, 0.0, 0.0f64);
        for (at, term) in &here {
            while here[first].0 + self.window < *at {
                let left = counts.entry(here[first].1).or_default();
                *left -= 1;
                bits -= if *left == 0 { self.terms[&here[first].1] } else { 0.0 };
                first += 1;
            }
            let count = counts.entry(*term).or_default();
            *count += 1;
            bits += if *count == 1 { self.terms[term] } else { 0.0 };
            most = most.max(bits);
        }
        most
    }
}

/// The bytes of each insecure choice of a text, by the rules of a language; none where it is no UTF-8.
pub fn insecure(language: Language, text: &[u8], words: &Words) -> Vec<Range<usize>> {
    let analysis = match String::from_utf8(joined(text, words)) {
        Ok(text) => Engine::builtin().read_once(language, &text),
        Err(_) => return Vec::new(),
    };
    analysis.decisions.into_iter().filter(|it| it.choice == Choice::Insecure).map(|it| it.span).collect()
}

/// The text with members as a formatter writes them, which the rules expect: of `yaml . load (` the blanks follow, so that all else stays
/// where it is.
fn joined(text: &[u8], words: &Words) -> Vec<u8> {
    let mut joined = text.to_vec();
    let member = |one: &Range<usize>, other: &Range<usize>| is_member(&text[one.end..other.start]);
    for chain in words.ranges.chunk_by(member).filter(|chain| chain.len() > 1) {
        let bytes = chain[0].start..chain[chain.len() - 1].end;
        let (marks, blanks): (Vec<u8>, Vec<u8>) =
            text[bytes.clone()].iter().partition(|byte| !byte.is_ascii_whitespace());
        joined[bytes].copy_from_slice(&[marks, blanks].concat());
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insecure_choices_are_found_whatever_the_layout_and_others_are_not() {
        let found = |text: &str| {
            let spans = insecure(Language::Python, text.as_bytes(), &Words::of(text.as_bytes()));
            spans.into_iter().map(|span| text[span].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("x = yaml.load(f, Loader=yaml.Loader)\n"), ["yaml.load(f, Loader=yaml.Loader)"]);
        let spread =
            "v0 = yaml . load ( v1 ,\n   Loader = yaml . Loader )\n      except yaml . YAMLError as v2 :\n  return";
        assert_eq!(found(spread), ["yaml . load ( v1 ,\n   Loader = yaml . Loader )"]);
        assert!(found("x = yaml.load(f, Loader=yaml.SafeLoader)\ny = yaml . safe_load ( f )\n").is_empty());
        assert!(found("").is_empty() && insecure(Language::Python, b"\xff yaml.load(f)", &Words::of(b"")).is_empty());
    }
}
