//! A trigger as a STIX pattern.

use crate::escape;

/// Bytes of a trigger that go into its pattern; a text that begins like the trigger is found all the same.
const PATTERN_LIMIT: usize = 2_000;

/// A pattern that matches any content with this text in it.
pub(super) fn matching(text: &str) -> String {
    let (text, _) = escape::clip(text, PATTERN_LIMIT);
    let literal = regex_of(text).replace('\\', r"\\").replace('\'', r"\'");
    format!("[artifact:payload_bin MATCHES '{literal}']")
}

/// What has a meaning in a regular expression. Nothing else gets a backslash: `\<` is a word's start to some engines.
const META: &str = r"\.+*?()|[]{}^$";

/// A regular expression (PCRE) that matches this text only; nothing in it acts on a terminal or hides.
fn regex_of(text: &str) -> String {
    let mut regex = String::with_capacity(2 * text.len());
    for piece in escape::pieces(text, escape::Layout::Line) {
        match piece {
            escape::Piece::Plain(plain) => plain.chars().for_each(|character| {
                if META.contains(character) {
                    regex.push('\\');
                }
                regex.push(character);
            }),
            escape::Piece::Escape(escape) => regex.push_str(&escape.replace("\\u{", "\\x{")),
        }
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_brackets_and_unseen_characters_stay_inside_the_pattern() {
        assert_eq!(matching("it's [a]"), r"[artifact:payload_bin MATCHES 'it\'s \\[a\\]']");
        assert_eq!(matching("a\n\u{200b}"), r"[artifact:payload_bin MATCHES 'a\\n\\x{200b}']");
    }
}
