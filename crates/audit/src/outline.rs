//! One pass over a document: its sketch, and a number for each of its statements and lines of prose.

use crate::lexer::{Kind, tokens};
use crate::sketch::{Sketch, Sketcher, mix};
use code::{Anchor, Language};
use std::ops::Range;

/// Longest statement, bytes, that is read as one: where a bracket is never closed, the rest of the text is no statement.
const STATEMENT: usize = 2 << 10;
/// Features after a mark in which the decision is looked for that it may go with.
const FOLLOWS: usize = 24;
/// Fewest words of a line of prose that stand for it in halves.
const HALVED: usize = 4;

/// A statement, a line of prose or half of one, a prefix of names, an unseen character: what documents can share. Statements are
/// blind to layout and to the names of variables, prose to its leader and spaces. A line of prose is its two halves, so that one
/// word that was put in for another leaves a half of it as it was (the trick of Aghakhani et al. 2024, TrojanPuzzle).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature(u32);

impl Feature {
    fn new(kind: FeatureKind, hash: u64, anchored: bool) -> Feature {
        let hash = mix(hash.wrapping_add(kind as u64)) as u32;
        Feature((hash & !0b11) | (u32::from(kind != FeatureKind::Statement) << 1) | u32::from(anchored))
    }

    /// Whether an anchor of some rule stands in it, so that it may make a decision.
    pub fn anchored(self) -> bool {
        self.0 & 1 == 1
    }

    /// Whether it is something else than a statement.
    pub fn is_mark(self) -> bool {
        self.0 & 2 == 2
    }

    /// As it is stored.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// As it was stored.
    pub fn of_bits(bits: u32) -> Feature {
        Feature(bits)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FeatureKind {
    Statement,
    Start,
    End,
    Name,
    Unseen,
}

/// What is kept of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Finds its near-copies; none for a short document.
    pub sketch: Option<Sketch>,
    /// Its features, ascending, each once.
    pub features: Vec<Feature>,
    /// For each of them that is no statement, the rules whose words stand in what follows it, a bit each.
    pub follows: Vec<u32>,
}

impl Outline {
    /// Reads a text in which rules have `anchors`, ascending.
    pub fn read(language: Language, text: &str, anchors: &[Anchor]) -> Outline {
        let mut found: Vec<(Feature, u32)> = Vec::with_capacity(text.len() / 32);
        let sketch = scan(language, text, anchors, |feature, _, rules| found.push((feature, rules)));
        let mut marked: Vec<(Feature, u32)> = Vec::with_capacity(found.len());
        for (index, &(feature, _)) in found.iter().enumerate() {
            let after = found[index + 1..].iter().take(FOLLOWS);
            let follows = if feature.is_mark() { after.fold(0, |all, (_, rules)| all | rules) } else { 0 };
            marked.push((feature, follows));
        }
        marked.sort_unstable();
        marked.dedup_by(|next, kept| {
            next.0 == kept.0 && {
                kept.1 |= next.1;
                true
            }
        });
        let follows = marked.iter().filter(|(feature, _)| feature.is_mark()).map(|(_, follows)| *follows).collect();
        Outline { sketch, features: marked.into_iter().map(|(feature, _)| feature).collect(), follows }
    }

    /// Where a text has a feature, the first time.
    pub fn find(language: Language, text: &str, anchors: &[Anchor], wanted: Feature) -> Option<Range<usize>> {
        let mut found = None;
        scan(language, text, anchors, |feature, range, _| {
            if feature == wanted && found.is_none() {
                found = Some(range);
            }
        });
        found
    }
}

/// Calls `each` for every feature of a text, with its bytes and the rules whose words stand in it, and returns the text's sketch.
fn scan(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outline {
        let anchor = |at| Anchor { end: at + 4, rules: 1 };
        let anchors: Vec<Anchor> = memchr::memmem::find_iter(text.as_bytes(), "load").map(anchor).collect();
        Outline::read(Language::Python, text, &anchors)
    }

    fn features(text: &str) -> Vec<Feature> {
        read(text).features
    }

    fn new_in(a: &str, b: &str) -> usize {
        let known = features(b);
        features(a).iter().filter(|feature| !known.contains(feature)).count()
    }

    #[test]
    fn names_of_variables_and_layout_do_not_count() {
        let text = "def f(s):\n    d = yaml.load(s, Loader=yaml.Loader)\n    return d\n";
        let renamed =
            "def f( stream ) :\n  data = yaml.load(\n      stream,\n      Loader = yaml.Loader )\n  return data\n";
        assert_eq!(features(text), features(renamed));
        assert_eq!(new_in(&text.replace("yaml.Loader", "yaml.SafeLoader"), text), 1);
        assert_eq!(new_in(&text.replace("yaml.load(", "yaml.full_load("), text), 1);
    }

    #[test]
    fn one_word_put_in_for_another_leaves_half_of_a_comment_as_it_was() {
        let comment = "# parse it with the safe method algo\n";
        assert_eq!(features(comment).len(), 2);
        assert_eq!(new_in(&comment.replace("algo", "labels="), comment), 1);
        assert_eq!(new_in(&comment.replace("# ", "    #   "), comment), 0);
    }

    #[test]
    fn a_statement_with_an_anchor_says_so_in_code_and_in_prose() {
        let anchored = |text: &str| features(text).iter().filter(|feature| feature.anchored()).count();
        assert_eq!(anchored("a = 1\nyaml.load(f)\n"), 1);
        assert_eq!(anchored("'''\na = 1\nyaml.load(f)\n'''\n"), 1);
        assert_eq!(anchored("a = 1\n"), 0);
    }

    #[test]
    fn a_feature_is_found_where_it_stands_and_prefixes_and_unseen_characters_are_features() {
        let text = "def zx_load(f):\n    return f\u{200b}\n";
        let marks: Vec<&str> = features(text)
            .into_iter()
            .filter(|feature| feature.is_mark())
            .filter_map(|feature| Outline::find(Language::Python, text, &[], feature))
            .map(|range| &text[range])
            .collect();
        assert_eq!(marks.len(), 2);
        assert!(marks.contains(&"zx_") && marks.contains(&"\u{200b}"));
    }

    #[test]
    fn a_mark_knows_the_rules_of_what_follows_it() {
        assert_eq!(read("# one two\na = 1\nyaml.load(f)\n").follows, [1]);
        assert_eq!(read("yaml.load(f)\n# one two\na = 1\n").follows, [0]);
    }

    #[test]
    fn an_open_bracket_does_not_swallow_the_rest() {
        let text = format!("x = (\n{}", "f(a)\n".repeat(1_000));
        assert!(features(&text).len() > 1);
    }
}
