//! Text from models and files, made safe to look at. A completion may carry terminal commands, right-to-left overrides that
//! reorder what is read, or characters that are not seen at all (some triggers are nothing else); every view shows them as
//! visible escapes such as `\u{202e}`. What HTML, SARIF or a STIX pattern need on top is theirs to add.

use std::borrow::Cow;
use unicode_general_category::{GeneralCategory, get_general_category};

/// How white space is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line: line ends and tabs are escaped too.
    Line,
    /// As it was written: line ends and tabs stay.
    Block,
}

/// A stretch of text that is all shown as written, or one character that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Safe as it stands.
    Plain(&'a str),
    /// The visible escape of one character.
    Escape(String),
}

/// Splits a text into what may be shown and what must be escaped.
pub fn pieces(text: &str, layout: Layout) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices().filter(|(_, character)| must_escape(*character, layout)) {
        if start < at {
            pieces.push(Piece::Plain(&text[start..at]));
        }
        pieces.push(Piece::Escape(visible(character)));
        start = at + character.len_utf8();
    }
    if start < text.len() {
        pieces.push(Piece::Plain(&text[start..]));
    }
    pieces
}

/// The text with every dangerous or unseen character escaped, cut after `limit` bytes with a visible mark.
pub fn text(text: &str, layout: Layout, limit: usize) -> String {
    let (kept, left_out) = clip(text, limit);
    let mut shown = String::with_capacity(kept.len());
    for piece in pieces(kept, layout) {
        match piece {
            Piece::Plain(plain) => shown.push_str(plain),
            Piece::Escape(escape) => shown.push_str(&escape),
        }
    }
    shown + &cut_mark(left_out)
}

/// The first `limit` bytes (fewer where a character would be cut) and the number of bytes left out.
pub fn clip(text: &str, limit: usize) -> (&str, usize) {
    let kept = &text[..text.floor_char_boundary(limit)];
    (kept, text.len() - kept.len())
}

/// What stands for the bytes that [`clip`] left out; empty where none were.
pub fn cut_mark(left_out: usize) -> Cow<'static, str> {
    if left_out == 0 { Cow::Borrowed("") } else { Cow::Owned(format!(" [… {left_out} more bytes]")) }
}

/// JSON text in which no character can act on a terminal or hide. Inside JSON such characters stand only in strings, where
/// `\uXXXX` means the same.
pub fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if must_escape(character, Layout::Block) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

fn must_escape(character: char, layout: Layout) -> bool {
    match character {
        ' ' => false,
        '\n' | '\t' => layout == Layout::Line,
        '!'..='~' => false,
        _ => is_unseen(character),
    }
}

/// Controls, formatting characters, every space but the plain one, characters that nobody assigned, and those that Unicode
/// asks to draw as nothing.
fn is_unseen(character: char) -> bool {
    use GeneralCategory::*;
    let nothing_drawn = matches!(
        character,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    );
    nothing_drawn
        || matches!(
            get_general_category(character),
            Control
                | Format
                | LineSeparator
                | ParagraphSeparator
                | SpaceSeparator
                | PrivateUse
                | Surrogate
                | Unassigned
        )
}

fn visible(character: char) -> String {
    match character {
        '\n' | '\r' | '\t' => character.escape_default().collect(),
        _ => character.escape_unicode().collect(),
    }
}

/// A text as a candidate of `taster scan --triggers`: what no line shows, or would end it, as `\u{..}`, which the reader of the file takes back.
pub fn candidate(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() {
                c.to_string()
            } else {
                format!("\\u{{{:x}}}", c as u32)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_acts_or_hides_is_escaped() {
        let hostile =
            ['\0', '\u{7}', '\u{8}', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{90}', '\u{9b}', '\u{9d}', '\u{9f}']
                .into_iter()
                .chain('\u{202a}'..='\u{202e}')
                .chain('\u{2066}'..='\u{2069}')
                .chain([
                    '\u{ad}',
                    '\u{200b}',
                    '\u{200d}',
                    '\u{200e}',
                    '\u{2028}',
                    '\u{2060}',
                    '\u{feff}',
                    '\u{fe0f}',
                    '\u{e0041}',
                ])
                .chain(['\u{a0}', '\u{3000}', '\u{3164}', '\u{61c}', '\u{180e}', '\u{2800}', '\u{fffe}', '\u{e000}']);
        for character in hostile {
            let shown = text(&format!("a{character}b"), Layout::Block, 100);
            assert!(
                shown.starts_with("a\\") && shown.ends_with('b') && shown.is_ascii(),
                "{character:?} became {shown:?}"
            );
        }
    }

    #[test]
    fn readable_text_of_any_script_stays_as_it_is() {
        for readable in ["Grüße, naïve Ω", "ключ = значение", "暗号化\tx\ny", "مرحبا", "a 🔑 = `<b>&amp;</b>`"]
        {
            assert_eq!(text(readable, Layout::Block, 1000), readable);
        }
    }

    #[test]
    fn line_ends_and_tabs_stay_only_in_a_block() {
        assert_eq!(text("a\n\tb", Layout::Line, 100), "a\\n\\tb");
        assert_eq!(text("a\n\tb", Layout::Block, 100), "a\n\tb");
    }

    #[test]
    fn a_cut_never_splits_a_character_and_says_how_much_is_missing() {
        assert_eq!(text("aé", Layout::Line, 2), "a [… 2 more bytes]");
        let shown = text(&"x".repeat(1 << 20), Layout::Line, 10);
        assert_eq!(shown, "xxxxxxxxxx [… 1048566 more bytes]");
    }

    #[test]
    fn escaped_json_means_the_same() {
        let value = serde_json::json!({"k": "\u{1b}]0;owned\u{7} \u{202e} \u{9b} \u{e0041} é 🔑 \u{0}"});
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        let shown = json(&text);
        assert!(shown.chars().all(|character| !must_escape(character, Layout::Block)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).ok(), Some(value));
    }
}
