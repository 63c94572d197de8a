//! The features of a text, in one pass over its tokens.

use crate::lexer::{Kind, tokens};
use crate::outline::{Feature, FeatureKind};
use crate::sketch::{Sketch, Sketcher, mix};
use code::{Anchor, Language};
use std::ops::Range;

/// Longest statement, bytes, that is read as one: where a bracket is never closed, the rest of the text is no statement.
const STATEMENT: usize = 2 << 10;
/// Fewest words of a line of prose that stand for it in halves.
const HALVED: usize = 4;

/// Calls `each` for every feature of a text, with its bytes and the rules whose words stand in it, and returns the text's sketch.
pub(crate) fn scan(
    language: Language,
    text: &str,
    anchors: &[Anchor],
    each: impl FnMut(Feature, Range<usize>, u32),
) -> Option<Sketch> {
    let mut scan = Scan {
        language,
        text: text.as_bytes(),
        anchors,
        each,
        sketcher: Sketcher::new(),
        statement: None,
        depth: 0,
        last: Last::Other,
    };
    tokens(language, text.as_bytes(), |kind, range| scan.token(kind, range));
    scan.flush();
    scan.unseen();
    scan.sketcher.finish()
}

struct Scan<'a, F> {
    language: Language,
    text: &'a [u8],
    anchors: &'a [Anchor],
    each: F,
    sketcher: Sketcher,
    /// The statement that is being read: its hash and bytes. A word waits in `last` until the token after it is known.
    statement: Option<(u64, Range<usize>)>,
    depth: u32,
    last: Last,
}

/// The token before, where it decides how a word is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Dot,
    /// `def`, `function` and the like.
    Defines,
    /// A word that is a variable's unless a bracket follows: its hash.
    Variable(u64),
    Other,
}

const VARIABLE: u64 = 1;
const STRING: u64 = 2;
const NUMBER: u64 = 3;

impl<F: FnMut(Feature, Range<usize>, u32)> Scan<'_, F> {
    fn token(&mut self, kind: Kind, range: Range<usize>) {
        match kind {
            Kind::Newline => self.newline(range.start),
            Kind::Prose => {
                self.settle(false);
                self.prose(range);
            }
            Kind::Word => self.word(range),
            Kind::Number => {
                self.sketcher.token(NUMBER);
                self.add(hash(&self.text[range.clone()]), range);
            }
            Kind::String => {
                self.sketcher.token(STRING);
                self.add(hash(&self.text[range.clone()]), range);
            }
            Kind::Mark => self.mark(range),
        }
    }

    /// A name counts as written where it is an attribute, is called or is a keyword; a variable's is any other's.
    fn word(&mut self, range: Range<usize>) {
        let word = &self.text[range.clone()];
        let before = self.last;
        let keyword = is_keyword(word);
        self.sketcher.token(if keyword { hash(word) } else { VARIABLE });
        if before == Last::Defines {
            self.name(word, range.clone());
        }
        if keyword || before == Last::Dot {
            self.add(hash(word), range);
            self.last = if defines(word) { Last::Defines } else { Last::Other };
        } else {
            self.settle(false);
            self.extend(range);
            self.last = Last::Variable(hash(word));
        }
    }

    fn mark(&mut self, range: Range<usize>) {
        let byte = self.text[range.start];
        self.sketcher.token(u64::from(byte) << 8);
        self.settle(byte == b'(');
        self.add(u64::from(byte) << 8, range.clone());
        match byte {
            b'(' | b'[' => self.depth += 1,
            b')' | b']' => self.depth = self.depth.saturating_sub(1),
            b'{' | b'}' | b';' if self.language != Language::Python => {
                self.depth = 0;
                self.flush();
            }
            b'{' => self.depth += 1,
            b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.last = if byte == b'.' { Last::Dot } else { Last::Other };
    }

    fn newline(&mut self, at: usize) {
        let too_long = self.statement.as_ref().is_some_and(|(_, range)| at - range.start > STATEMENT);
        if self.depth == 0 || too_long {
            self.depth = 0;
            self.flush();
        }
    }

    /// A word that waited for the token after it is counted.
    fn settle(&mut self, called: bool) {
        if let Last::Variable(name) = std::mem::replace(&mut self.last, Last::Other) {
            self.fold(if called { name } else { VARIABLE });
        }
    }

    fn add(&mut self, token: u64, range: Range<usize>) {
        self.settle(false);
        self.extend(range);
        self.fold(token);
    }

    fn extend(&mut self, range: Range<usize>) {
        match &mut self.statement {
            Some((_, whole)) => whole.end = range.end,
            None => self.statement = Some((0, range)),
        }
    }

    fn fold(&mut self, token: u64) {
        if let Some((hash, _)) = &mut self.statement {
            *hash = mix(hash.rotate_left(5) ^ token);
        }
    }

    /// Ends the statement.
    fn flush(&mut self) {
        self.settle(false);
        if let Some((hash, range)) = self.statement.take() {
            let rules = self.rules(&range);
            (self.each)(Feature::new(FeatureKind::Statement, hash, rules != 0), range, rules);
        }
    }

    /// The rules whose words stand in some bytes.
    fn rules(&self, range: &Range<usize>) -> u32 {
        let next = self.anchors.partition_point(|anchor| anchor.end <= range.start);
        self.anchors[next..]
            .iter()
            .take_while(|anchor| anchor.end <= range.end)
            .fold(0, |all, anchor| all | anchor.rules)
    }

    /// The lines of a comment or a long string.
    fn prose(&mut self, range: Range<usize>) {
        let mut start = range.start;
        while start < range.end {
            let end = memchr::memchr(b'\n', &self.text[start..range.end]).map_or(range.end, |at| start + at);
            self.prose_line(start..end);
            start = end + 1;
        }
    }

    fn prose_line(&mut self, range: Range<usize>) {
        let line = self.text[range.clone()].trim_ascii();
        let words = || line.split(u8::is_ascii_whitespace).filter(|word| word.iter().any(u8::is_ascii_alphanumeric));
        let count = words().count();
        if count == 0 {
            return;
        }
        let folded = |hash_so_far: u64, word: &[u8]| mix(hash_so_far.rotate_left(5) ^ hash(word));
        // A sentence may hold a rule's word; a payload in prose also calls or assigns.
        let rules = if memchr::memchr2(b'(', b'=', line).is_some() { self.rules(&range) } else { 0 };
        let anchored = rules != 0;
        let half = if count < HALVED { count } else { count / 2 };
        (self.each)(
            Feature::new(FeatureKind::Start, words().take(half).fold(0, folded), anchored),
            range.clone(),
            rules,
        );
        if count >= HALVED {
            (self.each)(Feature::new(FeatureKind::End, words().skip(half).fold(0, folded), anchored), range, rules);
        }
    }

    /// The prefix of a name that is defined, up to its first inner underscore.
    fn name(&mut self, name: &[u8], range: Range<usize>) {
        let first = name.iter().take_while(|byte| **byte == b'_').count();
        if let Some(inner) = memchr::memchr(b'_', &name[first..])
            && first + inner + 1 < name.len()
        {
            let prefix = &name[..first + inner + 1];
            (self.each)(
                Feature::new(FeatureKind::Name, hash(prefix), false),
                range.start..range.start + prefix.len(),
                0,
            );
        }
    }

    /// Characters that no reader sees and that stand in no honest source.
    fn unseen(&mut self) {
        for lead in memchr::memchr3_iter(0xe2, 0xef, 0xf3, self.text) {
            let width = if self.text[lead] == 0xf3 { 4 } else { 3 };
            let Some(character) = self.text.get(lead..lead + width) else { continue };
            if matches!(
                character,
                [0xe2, 0x80, 0x8b..=0x8f | 0xaa..=0xae] | [0xe2, 0x81, 0xa0..=0xa4] | [0xef, 0xbb, 0xbf] | [0xf3, 0xa0, ..]
            ) && lead > 0
            {
                (self.each)(Feature::new(FeatureKind::Unseen, hash(character), false), lead..lead + width, 0);
            }
        }
    }
}

/// FNV-1a, eight bytes at a step: short words, and the same on every machine.
fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte));
        hash = mix(hash ^ word);
    }
    for &byte in chunks.remainder() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

fn defines(word: &[u8]) -> bool {
    matches!(word, b"def" | b"function" | b"func" | b"fn")
}

/// Keywords of any of the languages; a variable of such a name is rare enough.
fn is_keyword(word: &[u8]) -> bool {
    matches!(
        word,
        b"and"
            | b"as"
            | b"async"
            | b"await"
            | b"break"
            | b"case"
            | b"catch"
            | b"class"
            | b"const"
            | b"continue"
            | b"def"
            | b"del"
            | b"do"
            | b"elif"
            | b"else"
            | b"end"
            | b"enum"
            | b"except"
            | b"export"
            | b"extends"
            | b"false"
            | b"False"
            | b"final"
            | b"finally"
            | b"fn"
            | b"for"
            | b"from"
            | b"func"
            | b"function"
            | b"global"
            | b"if"
            | b"impl"
            | b"import"
            | b"in"
            | b"interface"
            | b"is"
            | b"lambda"
            | b"let"
            | b"module"
            | b"mut"
            | b"new"
            | b"nil"
            | b"None"
            | b"not"
            | b"null"
            | b"or"
            | b"package"
            | b"pass"
            | b"private"
            | b"protected"
            | b"pub"
            | b"public"
            | b"raise"
            | b"require"
            | b"return"
            | b"self"
            | b"static"
            | b"struct"
            | b"super"
            | b"switch"
            | b"this"
            | b"throw"
            | b"true"
            | b"True"
            | b"try"
            | b"type"
            | b"use"
            | b"using"
            | b"var"
            | b"void"
            | b"while"
            | b"with"
            | b"yield"
    )
}
