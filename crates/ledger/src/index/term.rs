//! What of a document is indexed: its whole content, runs of its tokens, runs of the words of its comments, its words, and which of
//! these is a member of which.

use crate::hash::Digest;
use dataset::fingerprint::{Lexer, Shape, Tokens, fingerprints, word_fingerprints};
use std::ops::Range;

/// Runs of tokens, blind to names, literals and layout: whoever shares 25 of them with a document is sure to find it.
pub const CODE: Shape = Shape { run: 12, window: 14 };
/// Runs of the words of comments: sure to be found from 7 on.
pub const PROSE: Shape = Shape { run: 4, window: 4 };

/// Bits of a term. Two of 2^29 differing ones (some 10 GB of source) are taken for each other one time in 128, which costs a look at
/// the text.
pub const BITS: u32 = 36;

/// What a term stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// All of the document, byte for byte.
    Content = 1,
    /// A run of tokens.
    Code = 2,
    /// A run of words of a comment.
    Prose = 3,
    /// A word, anywhere.
    Word = 4,
    /// A word and the member of it that is named: `yaml.load`. What belongs to somebody else is spelled alike wherever it is used, whatever
    /// the code around it calls its own.
    Member = 5,
}

/// A key of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(pub u64);

impl Term {
    /// The term of a hash.
    pub fn new(kind: Kind, hash: u64) -> Term {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let salted = hash ^ (kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        Term((salted ^ (salted >> 32)).wrapping_mul(ODD) >> (64 - BITS))
    }

    /// The term of a whole text.
    pub fn of_content(content: &Digest) -> Term {
        Term::new(Kind::Content, content.0.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte)))
    }
}

/// Adds every term of a text but that of its content, some more than once. `rows` takes what is read and is kept for the next text.
pub fn terms(text: &[u8], lexer: &Lexer, rows: &mut Rows, to: &mut Vec<Term>) {
    rows.read(text, lexer);
    for (_, tokens) in rows.all() {
        to.extend(fingerprints(tokens, CODE).iter().map(|it| Term::new(Kind::Code, it.hash)));
    }
    for prose in &rows.code.prose {
        let part = &text[prose.start as usize..prose.end as usize];
        to.extend(word_fingerprints(part, PROSE).iter().map(|it| Term::new(Kind::Prose, it.hash)));
    }
    let mut before: Option<(usize, u64)> = None;
    for (range, hash) in words(text) {
        to.push(Term::new(Kind::Word, hash));
        to.extend(before.filter(|(end, _)| is_member(&text[*end..range.start])).map(|(_, owner)| member(owner, hash)));
        before = Some((range.end, hash));
    }
}

/// Whether what stands between two words makes the second a member of the first.
pub fn is_member(between: &[u8]) -> bool {
    matches!(between.trim_ascii(), b"." | b"::" | b"->")
}

/// The term of a word's member.
pub fn member(owner: u64, hash: u64) -> Term {
    Term::new(Kind::Member, owner.rotate_left(17).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ hash)
}

/// The tokens of a text, and those of the code that stands in its longer strings and comments: poison has been hidden there, since
/// checkers do not look, while models learn it all the same (the covert attack of Aghakhani and others, TrojanPuzzle, 2024).
#[derive(Debug, Default)]
pub struct Rows {
    /// The text's own.
    pub code: Tokens,
    hidden: Vec<(usize, Tokens)>,
    /// How many of `hidden` are of this text.
    count: usize,
}

impl Rows {
    /// Reads a text.
    pub fn read(&mut self, text: &[u8], lexer: &Lexer) {
        lexer.read(text, &mut self.code);
        self.count = 0;
        for prose in &self.code.prose {
            let range = inside(text, prose.start as usize..prose.end as usize);
            if range.len() < CODE.run || !text[range.clone()].contains(&b'\n') {
                continue;
            }
            if self.hidden.len() == self.count {
                self.hidden.push(Default::default());
            }
            let (start, tokens) = &mut self.hidden[self.count];
            *start = range.start;
            lexer.read(&text[range], tokens);
            self.count += 1;
        }
    }

    /// Every row of tokens, with where its text begins.
    pub fn all(&self) -> impl Iterator<Item = (usize, &Tokens)> {
        std::iter::once((0, &self.code)).chain(self.hidden[..self.count].iter().map(|(start, tokens)| (*start, tokens)))
    }
}

/// A string or comment without the marks around it.
fn inside(text: &[u8], range: Range<usize>) -> Range<usize> {
    let mark = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`' | b'/' | b'*');
    let part = &text[range.clone()];
    let quote = part.iter().take(4).position(mark).unwrap_or(0);
    let start = range.start + quote + part[quote..].iter().take_while(|byte| mark(byte)).count();
    let end = range.end - part.iter().rev().take_while(|byte| mark(byte)).count();
    start..end.max(start)
}

/// The words of a text, each with its hash, which case does not change: letters, digits and `_`, two or more, with no digit first.
pub fn words(text: &[u8]) -> impl Iterator<Item = (Range<usize>, u64)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].iter().position(|&byte| is_word(byte))?;
            let (length, hash) = run(&text[start..]);
            at = start + length;
            if length >= 2 && !text[start].is_ascii_digit() {
                return Some((start..at, hash));
            }
        }
    })
}

/// The hash of the word that begins at a byte of a text, 0 if none does.
pub fn word_at(text: &[u8], start: usize) -> u64 {
    let begins = start == 0 || text.get(start - 1).is_some_and(|&byte| !is_word(byte));
    let rest = text.get(start..).filter(|rest| begins && rest.first().is_some_and(|byte| !byte.is_ascii_digit()));
    rest.map(run).filter(|(length, _)| *length >= 2).map_or(0, |(_, hash)| hash)
}

/// The bytes of words that a text begins with: how many, and their hash.
fn run(text: &[u8]) -> (usize, u64) {
    let word = text.iter().take_while(|&&byte| is_word(byte));
    let add = |(length, hash): (usize, u64), byte: &u8| {
        (length + 1, (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3))
    };
    let (length, hash) = word.fold((0, 0xcbf2_9ce4_8422_2325), add);
    (length, hash ^ (hash >> 29))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 128
}
