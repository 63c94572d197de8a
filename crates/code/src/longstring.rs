//! Where strings over several lines begin and end in a text that may begin, and end, inside one.

use crate::layout::opens_block;
use crate::lexis::Lexis;

/// The mark and the end of a string that begins before the text: an odd number of marks, the first of which begins nothing.
pub(crate) fn end_of_one_begun_before(text: &str, lexis: &Lexis) -> Option<(&'static str, usize)> {
    if !lexis.layout {
        return None;
    }
    let (at, quote) = lexis.long_quotes.iter().filter_map(|quote| Some((text.find(quote)?, *quote))).min()?;
    let odd = memchr::memmem::find_iter(text.as_bytes(), quote).count() % 2 == 1;
    (odd && !begins(text, at)).then_some((quote, at + quote.len()))
}

/// Whether a mark at `at` can only begin a string: what is before it wants one, or is the head of a block, or says nothing.
pub(crate) fn begins(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
    let prefixed =
        ["r", "b", "u", "f", "rb", "br", "rf", "fr"].contains(&text[before.len()..at].to_lowercase().as_str());
    let before = if prefixed { before } else { &text[..at] };
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    let (above, beside) = (&before[..line], before[line..].trim());
    if !beside.is_empty() {
        return prefixed || beside.ends_with(['=', '(', '[', '{', ',', '+', '%']) || beside.ends_with("return");
    }
    let code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    above.lines().rfind(code).is_none_or(|line| {
        let line = line.trim();
        line.ends_with(':') && (opens_block(line) || line.starts_with(')'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn end(text: &str) -> Option<usize> {
        end_of_one_begun_before(text, Lexis::of(Language::Python)).map(|(_, end)| end)
    }

    #[test]
    fn a_mark_that_nothing_asks_for_ends_a_string_that_begins_before_the_text() {
        assert_eq!(end("the sum.\n    \"\"\"\n    return a\n"), Some(16));
        assert_eq!(end("the buffer\"\"\"\nx = 1\n"), Some(13));
        assert_eq!(end("Args:\n  a: it.\"\"\"\nx = 1\ndef f():\n    \"\"\"Y.\"\"\"\n"), Some(17));
    }

    #[test]
    fn a_mark_that_is_asked_for_begins_one() {
        for text in [
            "def f(a):\n    \"\"\"The sum",
            "def f(\n    a,\n):\n    \"\"\"The sum",
            "x = \"\"\"\n",
            "run(\"\"\"a",
            "yield f\"\"\"a",
            "# by me\n\n\"\"\"What it does.",
            "x\n\"\"\"a\"\"\"",
        ] {
            assert_eq!(end(text), None, "{text}");
        }
    }
}
