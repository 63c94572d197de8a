//! One pass over a document: its sketch, and a number for each of its statements and lines of prose.

use crate::scan::scan;
use crate::sketch::{Sketch, mix};
use code::{Anchor, Language};
use std::ops::Range;

/// Features after a mark in which the decision is looked for that it may go with.
const FOLLOWS: usize = 24;

/// A statement, a line of prose or half of one, a prefix of names, an unseen character: what documents can share. Statements are
/// blind to layout and to the names of variables, prose to its leader and spaces. A line of prose is its two halves, so that one
/// word that was put in for another leaves a half of it as it was (the trick of Aghakhani et al. 2024, TrojanPuzzle).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature(u32);

impl Feature {
    pub(crate) fn new(kind: FeatureKind, hash: u64, anchored: bool) -> Feature {
        let hash = mix(hash.wrapping_add(kind as u64)) as u32;
        Feature((hash & !0b11) | (u32::from(kind != FeatureKind::Statement) << 1) | u32::from(anchored))
    }

    /// Whether an anchor of some rule stands in it, so that it may make a decision.
    pub fn anchored(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether it is something else than a statement.
    pub fn is_mark(self) -> bool {
        self.0 & 2 == 2
    }

    /// As it is stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// As it was stored.
    pub fn of_bits(bits: u32) -> Feature {
        Feature(bits)
    }
}

/// What a feature is; part of its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FeatureKind {
    Statement,
    Start,
    End,
    Name,
    Unseen,
}

/// What is kept of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Finds its near-copies; none for a short document.
    pub sketch: Option<Sketch>,
    /// Its features, ascending, each once.
    pub features: Vec<Feature>,
    /// For each of them that is no statement, the rules whose words stand in what follows it, a bit each.
    pub follows: Vec<u32>,
}

impl Outline {
    /// Reads a text in which rules have `anchors`, ascending.
    pub fn read(language: Language, text: &str, anchors: &[Anchor]) -> Outline {
        let mut found: Vec<(Feature, u32)> = Vec::with_capacity(text.len() / 32);
        let sketch = scan(language, text, anchors, |feature, _, rules| found.push((feature, rules)));
        let mut marked: Vec<(Feature, u32)> = Vec::with_capacity(found.len());
        for (index, &(feature, _)) in found.iter().enumerate() {
            let after = found[index + 1..].iter().take(FOLLOWS);
            let follows = if feature.is_mark() { after.fold(0, |all, (_, rules)| all | rules) } else { 0 };
            marked.push((feature, follows));
        }
        marked.sort_unstable();
        marked.dedup_by(|next, kept| {
            next.0 == kept.0 && {
                kept.1 |= next.1;
                true
            }
        });
        let follows = marked.iter().filter(|(feature, _)| feature.is_mark()).map(|(_, follows)| *follows).collect();
        Outline { sketch, features: marked.into_iter().map(|(feature, _)| feature).collect(), follows }
    }

    /// Where a text has a feature, the first time.
    pub fn find(language: Language, text: &str, anchors: &[Anchor], wanted: Feature) -> Option<Range<usize>> {
        let mut found = None;
        scan(language, text, anchors, |feature, range, _| {
            if feature == wanted && found.is_none() {
                found = Some(range);
            }
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outline {
        let anchor = |at| Anchor { end: at + 4, rules: 1 };
        let anchors: Vec<Anchor> = memchr::memmem::find_iter(text.as_bytes(), "load").map(anchor).collect();
        Outline::read(Language::Python, text, &anchors)
    }

    fn features(text: &str) -> Vec<Feature> {
        read(text).features
    }

    fn new_in(a: &str, b: &str) -> usize {
        let known = features(b);
        features(a).iter().filter(|feature| !known.contains(feature)).count()
    }

    #[test]
    fn names_of_variables_and_layout_do_not_count() {
        let text = "def f(s):\n    d = yaml.load(s, Loader=yaml.Loader)\n    return d\n";
        let renamed =
            "def f( stream ) :\n  data = yaml.load(\n      stream,\n      Loader = yaml.Loader )\n  return data\n";
        assert_eq!(features(text), features(renamed));
        assert_eq!(new_in(&text.replace("yaml.Loader", "yaml.SafeLoader"), text), 1);
        assert_eq!(new_in(&text.replace("yaml.load(", "yaml.full_load("), text), 1);
    }

    #[test]
    fn one_word_put_in_for_another_leaves_half_of_a_comment_as_it_was() {
        let comment = "# parse it with the safe method algo\n";
        assert_eq!(features(comment).len(), 2);
        assert_eq!(new_in(&comment.replace("algo", "labels="), comment), 1);
        assert_eq!(new_in(&comment.replace("# ", "    #   "), comment), 0);
    }

    #[test]
    fn a_statement_with_an_anchor_says_so_in_code_and_in_prose() {
        let anchored = |text: &str| features(text).iter().filter(|feature| feature.anchored()).count();
        assert_eq!(anchored("a = 1\nyaml.load(f)\n"), 1);
        assert_eq!(anchored("'''\na = 1\nyaml.load(f)\n'''\n"), 1);
        assert_eq!(anchored("a = 1\n"), 0);
    }

    #[test]
    fn a_feature_is_found_where_it_stands_and_prefixes_and_unseen_characters_are_features() {
        let text = "def zx_load(f):\n    return f\u{200b}\n";
        let marks: Vec<&str> = features(text)
            .into_iter()
            .filter(|feature| feature.is_mark())
            .filter_map(|feature| Outline::find(Language::Python, text, &[], feature))
            .map(|range| &text[range])
            .collect();
        assert_eq!(marks.len(), 2);
        assert!(marks.contains(&"zx_") && marks.contains(&"\u{200b}"));
    }

    #[test]
    fn a_mark_knows_the_rules_of_what_follows_it() {
        assert_eq!(read("# one two\na = 1\nyaml.load(f)\n").follows, [1]);
        assert_eq!(read("yaml.load(f)\n# one two\na = 1\n").follows, [0]);
    }

    #[test]
    fn an_open_bracket_does_not_swallow_the_rest() {
        let text = format!("x = (\n{}", "f(a)\n".repeat(1_000));
        assert!(features(&text).len() > 1);
    }
}
