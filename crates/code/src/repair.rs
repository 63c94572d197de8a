//! Broken text made parsable: what a model writes is cut off as a rule, and what was pasted before it often too.
//!
//! A light reading of tokens closes what was left open and drops what was never opened. Indentation tells where: inside a
//! bracket, a line that is indented no deeper than the line of the bracket begins a new statement.

use crate::Language;
use crate::fragment::Fragment;
use crate::layout::Layout;
use crate::lexis::Lexis;
use crate::longstring;

/// A change to the text; changes are made in ascending order of `at`.
pub(crate) struct Edit {
    pub at: usize,
    pub remove: usize,
    pub insert: String,
}

/// A text repaired.
pub(crate) struct Repaired {
    /// The text, where it comes from told.
    pub fragment: Fragment,
    /// Whether it stopped in the middle, and so cannot have been sound.
    pub stopped: bool,
}

/// Repairs a text. `anchors` are the ends of what makes it worth reading, ascending.
pub(crate) fn repair(text: &str, language: Language, anchors: &[usize]) -> Repaired {
    let mut repair = Repair::new(text, Lexis::of(language), anchors);
    repair.run();
    let (mut edits, stopped) = (repair.edits, repair.stopped);
    // Stable: what was decided first at a place stays first.
    edits.sort_by_key(|edit| edit.at);
    let mut fragment = Fragment::default();
    let mut done = 0;
    for edit in edits {
        if edit.at >= done {
            fragment.copy(text, done..edit.at);
            done = edit.at + edit.remove;
        }
        fragment.add(&edit.insert);
    }
    fragment.copy(text, done..text.len());
    Repaired { fragment, stopped }
}

/// How many open brackets are looked through for the one that a closing bracket belongs to: more than people forget, and
/// few enough that a million of them cost no more than a million steps each.
const REACH: usize = 100;

/// A bracket that is still open.
struct Open {
    close: char,
    /// Indentation of its line.
    indent: usize,
    /// Whether it holds an expression; a block may hold lines at any indentation.
    expression: bool,
    /// Whether its line begins with `for`, whose parentheses hold semicolons.
    heads_loop: bool,
}

struct Repair<'a> {
    text: &'a str,
    bytes: &'a [u8],
    lexis: &'static Lexis,
    anchors: &'a [usize],
    layout: Option<Layout>,
    edits: Vec<Edit>,
    open: Vec<Open>,
    /// End of the last token that is no comment.
    code_end: usize,
    /// Indentation of the present line, and its first character.
    indent: usize,
    line_start: usize,
    stopped: bool,
}

impl<'a> Repair<'a> {
    fn new(text: &'a str, lexis: &'static Lexis, anchors: &'a [usize]) -> Repair<'a> {
        Repair {
            text,
            bytes: text.as_bytes(),
            lexis,
            anchors,
            layout: lexis.layout.then(Layout::default),
            edits: Vec::new(),
            open: Vec::new(),
            code_end: 0,
            indent: 0,
            line_start: 0,
            stopped: false,
        }
    }

    fn run(&mut self) {
        let begun = longstring::end_of_one_begun_before(self.text, self.lexis);
        let mut at = match begun.filter(|(_, end)| !self.anchored(0, *end)) {
            Some((quote, end)) => {
                self.edits.push(Edit { at: 0, remove: 0, insert: quote.to_owned() });
                self.code_end = end;
                end
            }
            None => self.begin_line(0),
        };
        while at < self.bytes.len() {
            at = self.token(at);
        }
        self.finish();
    }

    /// Whether something worth reading ends between two places: it must not vanish in a string.
    fn anchored(&self, start: usize, end: usize) -> bool {
        let next = self.anchors.partition_point(|&anchor| anchor <= start);
        self.anchors.get(next).is_some_and(|&anchor| anchor <= end)
    }

    /// Reads the token at `at`; returns where the next one begins.
    fn token(&mut self, at: usize) -> usize {
        let byte = self.bytes[at];
        let rest = &self.text.as_bytes()[at..];
        if byte == b'\n' {
            return self.begin_line(at + 1);
        }
        if byte.is_ascii_whitespace() {
            return at + 1;
        }
        if self.lexis.line_comments.iter().any(|mark| rest.starts_with(mark.as_bytes())) {
            return self.line_end(at);
        }
        if self.lexis.block_comments && rest.starts_with(b"/*") {
            return memchr::memmem::find(&rest[2..], b"*/").map_or(self.bytes.len(), |end| at + 2 + end + 2);
        }
        let end = match byte {
            b'(' | b'[' | b'{' => self.opened(at),
            b')' | b']' | b'}' => self.closed(at),
            b';' => self.semicolon(at),
            b'\'' if self.lexis.characters => self.character(at),
            _ => match self.lexis.long_quotes.iter().find(|quote| rest.starts_with(quote.as_bytes())) {
                Some(quote) => self.long_string(at, quote),
                None if self.lexis.quotes.contains(&byte) => self.string(at),
                None => at + 1,
            },
        };
        self.code_end = end;
        end
    }

    /// Begins a line: closes brackets that it shows to have been forgotten, sets its indentation right.
    fn begin_line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let Some(line) = self.text.get(start..end) else { return start };
        let code = line.trim_start();
        if code.starts_with("```") {
            self.edits.push(Edit { at: start, remove: end - start, insert: String::new() });
            return end;
        }
        if code.is_empty() || self.lexis.line_comments.iter().any(|mark| code.starts_with(mark)) {
            return start;
        }
        self.indent = line.len() - code.len();
        self.line_start = start + self.indent;
        if !code.starts_with([')', ']', '}']) {
            let statement = self.begins_statement(code);
            let indent = self.indent;
            let layout = self.lexis.layout;
            self.close_while(!code.starts_with('{'), |open| {
                open.expression && (indent <= open.indent || statement && (layout || open.close != '}'))
            });
        }
        if let (Some(layout), true) = (&mut self.layout, self.open.is_empty()) {
            layout.line(self.text, start, self.line_start, self.code_end, &mut self.edits);
        }
        start
    }

    /// Closes brackets from the innermost on, where the code last ended.
    fn close_while(&mut self, ends_statement: bool, forgotten: impl Fn(&Open) -> bool) {
        let mut insert = String::new();
        while let Some(open) = self.open.last()
            && forgotten(open)
        {
            if insert.is_empty() {
                insert.push_str(self.operand());
            }
            insert.push(open.close);
            self.open.pop();
        }
        if !insert.is_empty() {
            if ends_statement && self.lexis.semicolons && self.open.last().is_none_or(|open| !open.expression) {
                insert.push(';');
            }
            self.edits.push(Edit { at: self.code_end, remove: 0, insert });
        }
    }

    /// A stand-in for the operand that an operator at the end of the code lacks.
    fn operand(&self) -> &'static str {
        let code = self.code();
        let word = &code[code.trim_end_matches(|letter: char| letter.is_alphanumeric() || letter == '_').len()..];
        if self.lexis.operators.contains(&word) {
            return " _";
        }
        match self.code_end.checked_sub(1).and_then(|last| self.bytes.get(last)) {
            // The head of a block.
            Some(b':') if self.lexis.layout && self.open.is_empty() => "",
            Some(b'=' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'.' | b'&' | b'|' | b'!' | b':') => "_",
            _ => "",
        }
    }

    fn opened(&mut self, at: usize) -> usize {
        let before = self.text[..at].trim_end();
        let line = &self.text[self.line_start.min(at)..];
        self.open.push(Open {
            close: match self.bytes[at] {
                b'(' => ')',
                b'[' => ']',
                _ => '}',
            },
            indent: self.indent,
            expression: self.bytes[at] != b'{'
                || self.lexis.layout
                || before.ends_with(['(', ',', '=', ':', '[', '?', '|', '&'])
                || before.ends_with("return"),
            heads_loop: line.starts_with("for"),
        });
        at + 1
    }

    fn closed(&mut self, at: usize) -> usize {
        let close = char::from(self.bytes[at]);
        let far = self.open.len().saturating_sub(REACH);
        match self.open[far..].iter().rposition(|open| open.close == close).map(|near| far + near) {
            // A bracket of a block closes no block by mistake: `f(a }` ends the block, `{ a )` does not end the call.
            Some(depth) if close == '}' || self.open[depth + 1..].iter().all(|open| open.expression) => {
                let depth_wanted = depth + 1;
                let excess = self.open.len() - depth_wanted;
                if excess > 0 {
                    let mut insert = String::from(self.operand());
                    insert.extend(self.open.drain(depth_wanted..).rev().map(|open| open.close));
                    if close == '}' && self.lexis.semicolons {
                        insert.push(';');
                    }
                    self.edits.push(Edit { at: self.code_end, remove: 0, insert });
                }
                self.open.pop();
            }
            _ => {
                if close == '}' && !self.lexis.layout {
                    // The end of a block that began before the text: no expression reaches beyond it.
                    self.close_while(true, |open| open.expression);
                }
                self.edits.push(Edit { at, remove: 1, insert: String::new() });
            }
        }
        at + 1
    }

    /// A semicolon at the end of a line ends a statement, so brackets that are open there were forgotten.
    fn semicolon(&mut self, at: usize) -> usize {
        let after = self.text[at + 1..].trim_start_matches([' ', '\t', '\r']);
        let ends_line = after.is_empty() || after.starts_with('\n');
        if ends_line && !self.lexis.layout && self.open.last().is_some_and(|open| !open.heads_loop) {
            self.close_while(false, |open| open.expression && open.close != '}');
        }
        at + 1
    }

    /// `'x'` and `'\n'` are characters; any other `'` is a lifetime, a digit separator or prose.
    fn character(&self, at: usize) -> usize {
        const LONGEST: usize = 12;
        let end = self.bytes.len().min(at + LONGEST);
        let rest = self.bytes[at + 1..end].split(|&byte| byte == b'\n').next().unwrap_or_default();
        match rest.first() {
            Some(b'\\') => {
                rest[1..].iter().skip(1).position(|&byte| byte == b'\'').map_or(at + 1, |close| at + close + 4)
            }
            Some(_) => match memchr::memchr(b'\'', rest) {
                Some(close) if (1..=4).contains(&close) => at + close + 2,
                _ => at + 1,
            },
            None => at + 1,
        }
    }

    /// A string on one line; closed at the end of the line where it was left open.
    fn string(&mut self, start: usize) -> usize {
        let quote = self.bytes[start];
        let mut at = start + 1;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => break,
                _ if byte == quote => return at + 1,
                _ => {}
            }
            at += 1;
        }
        let at = at.min(self.bytes.len());
        let mut insert = char::from(quote).to_string();
        if self.lexis.semicolons && self.open.last().is_none_or(|open| !open.expression) {
            insert.push(';');
        }
        self.edits.push(Edit { at, remove: 0, insert });
        at
    }

    /// A string over several lines. One that never closes is closed at the end where it can only have begun here and nothing worth reading
    /// vanishes in it. Otherwise the mark is dropped: it is as likely to be the end of a string as the beginning.
    fn long_string(&mut self, start: usize, quote: &str) -> usize {
        let mut at = start + quote.len();
        while let Some(&byte) = self.bytes.get(at) {
            if byte == b'\\' {
                at += 2;
            } else if self.bytes[at..].starts_with(quote.as_bytes()) {
                return at + quote.len();
            } else {
                at += 1;
            }
        }
        if self.lexis.layout && longstring::begins(self.text, start) && !self.anchored(start, self.bytes.len()) {
            self.edits.push(Edit { at: self.bytes.len(), remove: 0, insert: quote.to_owned() });
            return self.bytes.len();
        }
        self.edits.push(Edit { at: start, remove: quote.len(), insert: String::new() });
        start + quote.len()
    }

    /// At the end, everything closes.
    fn finish(&mut self) {
        let mut insert = String::from(self.operand());
        self.stopped = !insert.is_empty() || !self.open.is_empty();
        let (mut blocks, mut last) = (0, None);
        while let Some(open) = self.open.pop() {
            if self.lexis.semicolons && !open.expression && last != Some(false) {
                insert.push(';');
            }
            last = Some(open.expression);
            blocks += usize::from(!open.expression);
            insert.push(open.close);
        }
        if self.lexis.semicolons && blocks == 0 && !self.code().ends_with([';', '}']) {
            insert.push(';');
        }
        if let Some(layout) = &self.layout {
            let before = insert.len();
            layout.finish(self.code(), &mut insert);
            self.stopped |= insert.len() > before;
        }
        self.edits.push(Edit { at: self.code_end, remove: 0, insert });
    }

    /// The text up to the end of the last token.
    fn code(&self) -> &'a str {
        self.text.get(..self.code_end).unwrap_or_default()
    }

    fn line_end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', self.bytes.get(at..).unwrap_or_default()).map_or(self.bytes.len(), |length| at + length)
    }

    /// Whether a line can only begin a statement, however it is indented.
    fn begins_statement(&self, code: &str) -> bool {
        let word = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        if self.lexis.statement_words.contains(&word) {
            return true;
        }
        if !self.lexis.layout {
            return false;
        }
        // A keyword argument has no spaces around its `=` where people follow the style guide, and where they do not its line often shows it.
        let target = |letter: char| letter.is_alphanumeric() || "._".contains(letter);
        word == "from" && code.contains(" import ")
            || !word.is_empty()
                && code[word.len()..].trim_start_matches(target).starts_with(" = ")
                && !continues_bracket(code)
    }
}

/// Whether a line ends an item of a bracket that was open before it.
fn continues_bracket(line: &str) -> bool {
    let mut depth = 0_i32;
    let closes = line.bytes().any(|byte| {
        depth += i32::from(b"([{".contains(&byte)) - i32::from(b")]}".contains(&byte));
        depth < 0
    });
    closes || line.trim_end().ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(text: &str) -> String {
        repair(text, Language::Python, &[]).fragment.text
    }

    #[test]
    fn a_text_that_stops_in_a_statement_gets_its_end() {
        for (text, end) in [
            ("if a and", " _: pass"),
            ("def", " _(): pass"),
            ("def f", "(): pass"),
            ("for a", " in _: pass"),
            ("from a", " import _"),
            ("import", " _"),
            ("f(a,\n  x=", "_)"),
            ("@app.get", "\ndef _(): pass"),
            ("while True:", " pass"),
            ("def f():\n    \"\"\"What it", "\"\"\""),
        ] {
            assert_eq!(repaired(text), format!("{text}{end}"));
        }
    }

    #[test]
    fn an_argument_with_spaces_around_its_sign_is_no_statement_but_one_after_a_forgotten_bracket_is() {
        for whole in ["f(a,\n  b = c.d )", "f(a,\n  b = c,\n  d = (e))"] {
            assert_eq!(repaired(whole), whole);
        }
        assert_eq!(repaired("f(a\n  b = c()\n"), "f(a)\nb = c()\n");
    }

    #[test]
    fn a_statement_that_continues_one_before_the_text_gets_that() {
        assert_eq!(repaired("    a()\nexcept E:\n    b()"), "a()\ntry: pass\nexcept E:\n    b()");
        assert_eq!(repaired("    a()\nelse:\n    b()"), "a()\nif _: pass\nelse:\n    b()");
        assert_eq!(repaired("if a:\n    b()\nelse:\n    c()"), "if a:\n    b()\nelse:\n    c()");
        assert_eq!(repaired("for a in b:\n    c()\nelse:\n    d()"), "for a in b:\n    c()\nelse:\n    d()");
        assert_eq!(
            repaired("try:\n    a()\nexcept E:\n    b()\nfinally:\n    c()"),
            "try:\n    a()\nexcept E:\n    b()\nfinally:\n    c()"
        );
    }

    #[test]
    fn what_is_worth_reading_does_not_vanish_in_a_string() {
        let text = "run()\n\"\"\"\nmore()\n";
        assert_eq!(repair(text, Language::Python, &[]).fragment.text, format!("\"\"\"{text}"));
        assert_eq!(repair(text, Language::Python, &[3]).fragment.text, "run()\n\nmore()\n");
    }
}
