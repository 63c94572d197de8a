//! Source text to tokens, fast and never wrong by much: no grammar, only what strings, comments and names look like.

use code::Language;
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// A string that ends on the line it begins on, or is no docstring.
    String,
    /// A comment, or a string over several lines: where people write sentences and attackers payloads.
    Prose,
    /// Any other byte that is no white space.
    Mark,
    /// The end of a line outside the others.
    Newline,
}

/// Calls `each` for every token of a text, in order, with its bytes.
pub(crate) fn tokens(language: Language, text: &[u8], mut each: impl FnMut(Kind, Range<usize>)) {
    let hash_comments = matches!(language, Language::Python | Language::Ruby | Language::Php);
    let slash_comments = !matches!(language, Language::Python | Language::Ruby);
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let (kind, end) = match byte {
            b'\n' => (Kind::Newline, at + 1),
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' if hash_comments => (Kind::Prose, line_end(text, at)),
            b'/' if slash_comments && text.get(at + 1) == Some(&b'/') => (Kind::Prose, line_end(text, at)),
            b'/' if slash_comments && text.get(at + 1) == Some(&b'*') => (Kind::Prose, after(text, at + 2, b"*/")),
            b'"' | b'\'' | b'`' => string(language, text, at),
            _ if is_word(byte) => {
                let length = text[at..].iter().take_while(|byte| is_word(**byte)).count();
                (if byte.is_ascii_digit() { Kind::Number } else { Kind::Word }, at + length)
            }
            _ => (Kind::Mark, at + 1),
        };
        each(kind, at..end);
        at = end;
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_end(text: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', &text[from..]).map_or(text.len(), |at| from + at)
}

fn after(text: &[u8], from: usize, close: &[u8]) -> usize {
    let from = from.min(text.len());
    memchr::memmem::find(&text[from..], close).map_or(text.len(), |at| from + at + close.len())
}

/// The string that begins at `at`. One that is not closed on its line ends with the line: what follows is more likely code.
fn string(language: Language, text: &[u8], at: usize) -> (Kind, usize) {
    let quote = text[at];
    if language == Language::Python && text[at..].starts_with(&[quote; 3]) {
        let end = after(text, at + 3, &[quote; 3]);
        let long = memchr::memchr(b'\n', &text[at..end]).is_some();
        return (if long { Kind::Prose } else { Kind::String }, end);
    }
    let rest = &text[at + 1..];
    if language == Language::Rust && quote == b'\'' && rest.get(1) != Some(&b'\'') && rest.first() != Some(&b'\\') {
        return (Kind::Mark, at + 1); // a lifetime
    }
    let mut end = at + 1;
    while let Some(found) = memchr::memchr3(quote, b'\\', b'\n', &text[end..]).map(|found| end + found) {
        match text[found] {
            b'\\' => end = (found + 2).min(text.len()),
            b'\n' if quote != b'`' => return (Kind::String, found),
            b'\n' => end = found + 1,
            _ => return (Kind::String, found + 1),
        }
    }
    (Kind::String, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(language: Language, text: &str) -> Vec<(Kind, &str)> {
        let mut found = Vec::new();
        tokens(language, text.as_bytes(), |kind, range| found.push((kind, &text[range])));
        found
    }

    #[test]
    fn strings_comments_and_names_are_told_apart() {
        let found = kinds(Language::Python, "x1 = f('a\\'b') # c\n'''d\ne'''");
        let expected = [
            (Kind::Word, "x1"),
            (Kind::Mark, "="),
            (Kind::Word, "f"),
            (Kind::Mark, "("),
            (Kind::String, "'a\\'b'"),
            (Kind::Mark, ")"),
            (Kind::Prose, "# c"),
            (Kind::Newline, "\n"),
            (Kind::Prose, "'''d\ne'''"),
        ];
        assert_eq!(found, expected);
        assert_eq!(kinds(Language::Go, "a /* b\n*/ // c")[1..], [(Kind::Prose, "/* b\n*/"), (Kind::Prose, "// c")]);
        assert_eq!(kinds(Language::Rust, "&'a str")[1], (Kind::Mark, "'"));
    }

    #[test]
    fn every_byte_that_is_no_space_is_in_one_token_whatever_the_text() {
        for text in ["'", "\"\\", "'''", "/*", "/*/", "`a\n", "# x", "\\\n'", "é'é", "\u{200b}"] {
            for language in Language::ALL {
                let mut at = 0;
                tokens(language, text.as_bytes(), |_, range| {
                    assert!(range.start >= at && range.end > range.start && range.end <= text.len(), "{text:?}");
                    at = range.end;
                });
                assert!(text.as_bytes()[at..].iter().all(u8::is_ascii_whitespace), "{language} {text:?}");
            }
        }
    }
}
