//! Where comments, strings and numbers end.

use code::Language;

/// How a language writes comments and strings.
pub(super) struct Syntax {
    language: Option<Language>,
    /// Whether `#` begins a comment, and whether `//` and `/*` do.
    hash: bool,
    slashes: bool,
}

impl Syntax {
    pub fn of(language: Option<Language>) -> Syntax {
        let hash = matches!(language, Some(Language::Python | Language::Ruby | Language::Php) | None);
        let slashes = !matches!(language, Some(Language::Python | Language::Ruby));
        Syntax { language, hash, slashes }
    }

    /// Whether a slash can begin a regular expression.
    pub fn has_regex(&self) -> bool {
        matches!(self.language, Some(Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Ruby))
    }

    /// Where the comment that begins here ends.
    #[inline]
    pub fn comment(&self, text: &[u8], at: usize) -> Option<usize> {
        match (text[at], text.get(at + 1)) {
            // An attribute of PHP.
            (b'#', Some(b'[')) if self.language == Some(Language::Php) => None,
            (b'#', _) if self.hash => Some(line_end(text, at)),
            (b'/', Some(b'/')) if self.slashes => Some(line_end(text, at)),
            (b'/', Some(b'*')) if self.slashes => {
                let end = memchr::memmem::find(&text[at + 2..], b"*/");
                Some(end.map_or(text.len(), |end| at + 2 + end + 2))
            }
            _ => None,
        }
    }

    /// Where the string that begins here ends.
    #[inline]
    pub fn string(&self, text: &[u8], at: usize) -> Option<usize> {
        match text[at] {
            quote @ (b'"' | b'\'') => match self.language {
                Some(Language::Python) => Some(triple(text, at, quote).unwrap_or_else(|| quoted(text, at, quote))),
                Some(Language::Java | Language::CSharp) if quote == b'"' => {
                    Some(triple(text, at, quote).unwrap_or_else(|| quoted(text, at, quote)))
                }
                // A lifetime has no second quote: 'a, 'static.
                Some(Language::Rust) if quote == b'\'' => character(text, at),
                // Strings go over lines.
                Some(Language::Rust | Language::Php | Language::Ruby) => Some(to_quote(text, at, quote, true)),
                _ => Some(quoted(text, at, quote)),
            },
            b'`' => match self.language {
                Some(Language::Go) => {
                    Some(memchr::memchr(b'`', &text[at + 1..]).map_or(text.len(), |end| at + end + 2))
                }
                Some(Language::JavaScript | Language::TypeScript | Language::Tsx) => {
                    Some(to_quote(text, at, b'`', true))
                }
                _ => None,
            },
            b'@' if self.language == Some(Language::CSharp) && text.get(at + 1) == Some(&b'"') => {
                Some(to_quote(text, at + 1, b'"', false))
            }
            _ => None,
        }
    }

    /// Where a string ends that begins with letters: `rb"..."`, `u8"..."`, `r#"..."#`. They end at `end`.
    #[inline]
    pub fn prefixed(&self, word: &[u8], text: &[u8], end: usize) -> Option<usize> {
        let quote = *text.get(end)?;
        if word.len() > 3 || !matches!(quote, b'"' | b'\'' | b'#') {
            return None;
        }
        match self.language {
            Some(Language::Python) if word.iter().all(|byte| b"rbufRBUFtT".contains(byte)) => self.string(text, end),
            Some(Language::Rust) if matches!(word, b"r" | b"br" | b"cr") => raw_rust(text, end),
            Some(Language::Rust) if matches!(word, b"b" | b"c") && quote != b'#' => self.string(text, end),
            Some(Language::C | Language::Cpp) if quote == b'"' && word.last() == Some(&b'R') => {
                Some(raw_cpp(text, end))
            }
            Some(Language::C | Language::Cpp) if matches!(word, b"L" | b"u" | b"U" | b"u8") => self.string(text, end),
            _ => None,
        }
    }
}

/// The first place from `at` on where a byte is not of a kind.
#[inline]
pub(super) fn while_at(text: &[u8], mut at: usize, is: impl Fn(u8) -> bool) -> usize {
    while at < text.len() && is(text[at]) {
        at += 1;
    }
    at
}

/// Where a number ends: `0xFF`, `1_000.5e-3`, `10n`. The dot of `1..2` and of `1.max(2)` is not part of one.
pub(super) fn number(text: &[u8], start: usize) -> usize {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = while_at(text, start + 1, word);
    if text.get(at) == Some(&b'.')
        && text.get(at + 1).is_none_or(|byte| byte.is_ascii_digit() || !(word(*byte) || *byte == b'.'))
    {
        at = while_at(text, at + 1, word);
    }
    let exponent = matches!(text[at - 1], b'e' | b'E') && !text[start..at].starts_with(b"0x");
    if exponent && matches!(text.get(at), Some(b'+' | b'-')) {
        at = while_at(text, at + 1, word);
    }
    at
}

/// Where a regular expression ends, if one does on this line.
pub(super) fn regex(text: &[u8], start: usize) -> Option<usize> {
    let mut class = false;
    let mut at = start + 1;
    while at < text.len() {
        match text[at] {
            b'\n' => return None,
            b'\\' => at += 1,
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return Some(while_at(text, at + 1, |byte| byte.is_ascii_alphabetic())),
            _ => {}
        }
        at += 1;
    }
    None
}

fn line_end(text: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |end| at + end)
}

/// A string in three quotes, or none.
fn triple(text: &[u8], at: usize, quote: u8) -> Option<usize> {
    let quotes = [quote; 3];
    if !text[at..].starts_with(&quotes) {
        return None;
    }
    let mut from = at + 3;
    loop {
        match memchr::memchr2(quote, b'\\', &text[from..]).map(|found| from + found) {
            None => return Some(text.len()),
            Some(found) if text[found] == b'\\' => from = (found + 2).min(text.len()),
            Some(found) if text[found..].starts_with(&quotes) => return Some(found + 3),
            Some(found) => from = found + 1,
        }
    }
}

/// A string that ends at its quote or, where that is missing, with the line.
fn quoted(text: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    loop {
        match memchr::memchr3(quote, b'\\', b'\n', &text[at..]).map(|found| at + found) {
            None => return text.len(),
            Some(found) if text[found] == b'\\' => at = (found + 2).min(text.len()),
            Some(found) => return found + usize::from(text[found] == quote),
        }
    }
}

/// A string that ends at its quote, on whatever line.
fn to_quote(text: &[u8], start: usize, quote: u8, escapes: bool) -> usize {
    let mut at = start + 1;
    loop {
        match memchr::memchr2(quote, b'\\', &text[at..]).map(|found| at + found) {
            None => return text.len(),
            Some(found) if text[found] == quote => return found + 1,
            Some(found) => at = (found + 1 + usize::from(escapes)).min(text.len()),
        }
    }
}

/// A character of Rust; a lifetime is none.
fn character(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at + 1) == Some(&b'\\') {
        return Some(quoted(text, at, b'\''));
    }
    // A character is at most four bytes long.
    let end = text.get(at + 2..text.len().min(at + 6))?.iter().position(|&byte| byte == b'\'')?;
    let name = text[at + 1].is_ascii_alphanumeric() || text[at + 1] == b'_';
    (!name || end == 0).then_some(at + 2 + end + 1)
}

/// `r"..."`, `r##"..."##`; `r#name` is no string.
fn raw_rust(text: &[u8], at: usize) -> Option<usize> {
    let quote = while_at(text, at, |byte| byte == b'#');
    if text.get(quote) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + quote - at, b'#');
    Some(memchr::memmem::find(&text[quote + 1..], &close).map_or(text.len(), |end| quote + 1 + end + close.len()))
}

/// `R"mark(...)mark"`; where that has no bracket, an ordinary string.
fn raw_cpp(text: &[u8], at: usize) -> usize {
    let open = while_at(text, at + 1, |byte| !matches!(byte, b'(' | b'"' | b'\n'));
    if text.get(open) != Some(&b'(') || open - at > 17 {
        return quoted(text, at, b'"');
    }
    let close = [b")", &text[at + 1..open], b"\""].concat();
    memchr::memmem::find(&text[open..], &close).map_or(text.len(), |end| open + end + close.len())
}
