//! Code as a row of tokens, at the speed at which it is read. What a lexer of the language itself would take apart further (a regular
//! expression, a template's holes, a here-document) may come out wrong, but on one line or in one string only, and always the same.

use super::keywords::Keywords;
use super::scan::{self, Syntax};
use code::Language;
use std::ops::Range;

/// A name: of a variable, a function, a type.
const NAME: u8 = 1;
/// A number.
const NUMBER: u8 = 2;
/// A string, a character or a regular expression.
const STRING: u8 = 3;
/// The first keyword; below it each punctuation character is its own class.
const KEYWORDS: u8 = 128;

/// The tokens of a text: what each is, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// What each token is: all names are alike, all numbers, all strings; a keyword or a punctuation character is like itself only.
    pub classes: Vec<u8>,
    /// Where each begins, bytes.
    pub starts: Vec<u32>,
    /// Comments, and strings over more than one line, of which most are documentation: they are read by themselves.
    pub prose: Vec<Range<u32>>,
    /// Where the text ends.
    pub end: u32,
}

impl Tokens {
    /// The bytes of some tokens, up to the beginning of the next one.
    pub fn span(&self, tokens: Range<usize>) -> Range<usize> {
        let at = |token: usize| self.starts.get(token).copied().unwrap_or(self.end) as usize;
        at(tokens.start)..at(tokens.end)
    }

    fn clear(&mut self) {
        self.classes.clear();
        self.starts.clear();
        self.prose.clear();
        self.end = 0;
    }

    #[inline]
    fn push(&mut self, class: u8, start: usize) {
        self.classes.push(class);
        self.starts.push(start as u32);
    }
}

/// Reads texts of one language; it may be kept.
pub struct Lexer {
    syntax: Syntax,
    keywords: Keywords,
}

impl Lexer {
    /// For a language, or for code of any.
    pub fn new(language: Option<Language>) -> Lexer {
        Lexer { syntax: Syntax::of(language), keywords: Keywords::of(language) }
    }

    /// Reads a text; of one larger than 4 GiB what lies before. Semicolons, and commas before a closing bracket, are layout.
    pub fn read(&self, text: &[u8], tokens: &mut Tokens) {
        tokens.clear();
        let text = &text[..text.len().min(u32::MAX as usize)];
        tokens.end = text.len() as u32;
        let mut at = 0;
        while at < text.len() {
            let byte = text[at];
            at = match KIND[usize::from(byte)] {
                Kind::Space => at + 1,
                Kind::Letter => self.word(text, at, tokens),
                Kind::Digit => {
                    tokens.push(NUMBER, at);
                    scan::number(text, at)
                }
                Kind::Mark => self.mark(text, at, tokens),
            };
        }
    }

    /// A word: a keyword, a name, or the letters before a string.
    fn word(&self, text: &[u8], start: usize, tokens: &mut Tokens) -> usize {
        let end = scan::while_at(text, start + 1, |byte| matches!(KIND[usize::from(byte)], Kind::Letter | Kind::Digit));
        let word = &text[start..end];
        if let Some(after) = self.syntax.prefixed(word, text, end) {
            self.string(text, start, after, tokens);
            return after;
        }
        tokens.push(self.keywords.find(word).map_or(NAME, |keyword| KEYWORDS + keyword), start);
        end
    }

    /// What begins with punctuation.
    fn mark(&self, text: &[u8], at: usize, tokens: &mut Tokens) -> usize {
        if let Some(end) = self.syntax.comment(text, at) {
            tokens.prose.push(at as u32..end as u32);
            return end;
        }
        if let Some(end) = self.syntax.string(text, at) {
            self.string(text, at, end, tokens);
            return end;
        }
        if text[at] == b'/'
            && self.syntax.has_regex()
            && tokens.classes.last().is_none_or(|&last| operand_follows(last))
            && let Some(end) = scan::regex(text, at)
        {
            tokens.push(STRING, at);
            return end;
        }
        match text[at] {
            b';' => {}
            closing @ (b')' | b']' | b'}') => {
                if tokens.classes.last() == Some(&b',') {
                    tokens.classes.pop();
                    tokens.starts.pop();
                }
                tokens.push(closing, at);
            }
            other => tokens.push(other, at),
        }
        at + 1
    }

    /// A string; next to each other they are one, wherever a formatter broke it.
    fn string(&self, text: &[u8], start: usize, end: usize, tokens: &mut Tokens) {
        if memchr::memchr(b'\n', &text[start..end]).is_some() {
            tokens.prose.push(start as u32..end as u32);
        }
        if tokens.classes.last() != Some(&STRING) {
            tokens.push(STRING, start);
        }
    }
}

/// Whether after this a slash begins a regular expression and does not divide.
fn operand_follows(last: u8) -> bool {
    !matches!(last, NAME | NUMBER | STRING | b')' | b']' | b'}')
}

/// What a byte begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Letter,
    Digit,
    Mark,
}

/// What each byte begins. Everything beyond ASCII is a letter, and a broken one a name.
const KIND: [Kind; 256] = {
    let mut kinds = [Kind::Letter; 256];
    let mut byte = 0;
    while byte < 128 {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => Kind::Digit,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => Kind::Letter,
            b'!'..=b'~' => Kind::Mark,
            _ => Kind::Space,
        };
        byte += 1;
    }
    kinds
};
