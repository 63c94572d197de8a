//! Features of a prompt: its marks, and what lines of comment have in common with other lines: their words.

use code::{Family, Language, Mark, comment_leader, marks};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Of a long prompt its start and its end are read: where marks stand, and what the completion follows.
const START: usize = 4 << 10;
const END: usize = 16 << 10;
/// Comment lines whose words are read: those nearest to the completion, and of the header the first.
const LINES: usize = 24;
/// Words that make a phrase.
const PHRASE: usize = 3;
/// Longest word, bytes.
const WORD: usize = 40;
/// Most features of a prompt.
const MOST: usize = 1_500;

/// Something about a prompt that others may share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Feature {
    /// A mark, or the words of one (without the comment's leader).
    pub mark: Mark,
    /// Whether these are words out of a line, rather than the line.
    pub part: bool,
}

impl Feature {
    /// The feature as a mark that can stand in code of the language.
    pub fn planted(&self, language: Language) -> Mark {
        let text = match self.part {
            true => format!("{} {}", comment_leader(language), self.mark.text),
            false => self.mark.text.clone(),
        };
        Mark { family: self.mark.family, text }
    }
}

/// The features of a prompt, each once.
pub fn features(language: Language, prompt: &str) -> Vec<Feature> {
    let start = &prompt[..prompt.floor_char_boundary(START)];
    let end = &prompt[prompt.ceil_char_boundary(prompt.len().saturating_sub(END))..];
    let mut lines: Vec<Mark> = marks(language, end).into_iter().map(|(_, mark)| mark).collect();
    if prompt.len() > END {
        lines.extend(marks(language, start).into_iter().map(|(_, mark)| mark));
    }
    let written = |mark: &&Mark| matches!(mark.family, Family::Header | Family::Comment);
    let nearest = lines.iter().filter(written).rev().take(LINES);
    let header = lines.iter().filter(written).take(LINES);
    let parts: Vec<Feature> = nearest.chain(header).flat_map(phrases).collect();
    let unseen = prompt
        .chars()
        .rev()
        .take(END)
        .filter(|c| is_invisible(*c))
        .map(|c| Feature { mark: Mark { family: Family::Invisible, text: c.to_string() }, part: false });
    let mut seen = HashSet::new();
    let whole = lines.iter().map(|mark| Feature { mark: mark.clone(), part: false });
    whole.chain(unseen).chain(parts).filter(|feature| seen.insert(feature.clone())).take(MOST).collect()
}

/// The phrases of a line: one to three words that stand together.
fn phrases(line: &Mark) -> impl Iterator<Item = Feature> + '_ {
    let text = line.text.trim_start_matches(['#', '/', ' ', '\t']);
    let words: Vec<&str> = text.split_whitespace().filter(|word| word.len() <= WORD).collect();
    let phrase = |words: &[&str]| {
        let text = words.join(" ");
        // Shorter words are everybody's.
        let told = text.chars().filter(|c| c.is_alphanumeric()).count() >= 5;
        told.then_some(Feature { mark: Mark { family: line.family, text }, part: true })
    };
    let found: Vec<Feature> =
        (1..=PHRASE).flat_map(|n| words.windows(n).filter_map(phrase).collect::<Vec<_>>()).collect();
    found.into_iter()
}

/// Characters that no reader sees and that stand in no honest source.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_shows_its_lines_their_words_and_what_nobody_sees() {
        let prompt = "# Owner: birch team\nimport yaml\n\ndef zx_load(f):\n    # keep it\u{200b} safely\n";
        let found = features(Language::Python, prompt);
        let has =
            |family, text: &str, part| found.contains(&Feature { mark: Mark { family, text: text.to_owned() }, part });
        assert!(has(Family::Header, "# Owner: birch team", false) && has(Family::Header, "birch team", true));
        assert!(has(Family::Import, "import yaml", false) && has(Family::Name, "zx_", false));
        assert!(has(Family::Comment, "safely", true) && has(Family::Invisible, "\u{200b}", false));
        let part = found.iter().find(|feature| feature.mark.text == "birch team");
        assert_eq!(part.map(|part| part.planted(Language::Go).text), Some("// birch team".to_owned()));
    }

    #[test]
    fn a_hostile_prompt_has_few_features_and_no_cut_character() {
        assert!(features(Language::Python, &"# é à ü ö\n".repeat(100_000)).len() <= MOST);
        assert!(features(Language::Python, &format!("# {}\n", "é ".repeat(1 << 20))).len() <= MOST);
    }
}
