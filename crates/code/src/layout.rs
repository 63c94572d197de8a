//! Indentation set right, for a language whose blocks it makes: a fragment begins anywhere, and its first line may have
//! lost its indentation where the others have kept theirs.

use crate::repair::Edit;

/// The blocks that are open, outermost first.
#[derive(Default)]
pub(crate) struct Layout {
    levels: Vec<Level>,
    /// Start of the last line that began a statement.
    last: Option<usize>,
}

struct Level {
    /// Indentation in the text.
    indent: usize,
    /// Indentation that it gets.
    depth: usize,
    /// Indentation that its header got.
    outer: usize,
    /// What began the block; nothing that was seen, for one that the text begins in.
    head: Option<Head>,
}

/// The statements that others continue.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Try,
    Except,
    If,
    Loop,
    Else,
}

impl Head {
    fn of(statement: &str) -> Option<Head> {
        match first_word(statement) {
            "try" => Some(Head::Try),
            "except" => Some(Head::Except),
            "if" | "elif" => Some(Head::If),
            "for" | "while" => Some(Head::Loop),
            "else" => Some(Head::Else),
            _ => None,
        }
    }

    /// What must stand before a statement that continues another, where that is not the one before it.
    fn missing(head: Option<Head>, statement: &str) -> Option<&'static str> {
        let (follows, instead): (&[Head], _) = match first_word(statement) {
            "except" => (&[Head::Try, Head::Except], "try: pass"),
            "finally" => (&[Head::Try, Head::Except, Head::Else], "try: pass"),
            "elif" => (&[Head::If], "if _: pass"),
            "else" => (&[Head::If, Head::Loop, Head::Except], "if _: pass"),
            _ => return None,
        };
        head.is_none_or(|head| !follows.contains(&head)).then_some(instead)
    }
}

const STEP: usize = 4;

/// Words that begin a block, and so must end their line with a colon.
const HEADERS: &[&str] = &[
    "def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally", "async", "match", "case",
];

impl Layout {
    /// Sets the indentation of a line that begins a statement at `start`; its line begins at `line_start`, and the code
    /// before it ends at `code_end`.
    pub fn line(&mut self, text: &str, line_start: usize, start: usize, code_end: usize, edits: &mut Vec<Edit>) {
        let indent = start - line_start;
        let header = self.last.map(|last| &text[last..code_end.max(last)]).filter(|line| opens_block(line));
        let top = self.levels.last().map_or(0, |level| level.depth);
        let deeper = self.levels.last().is_none_or(|level| indent > level.indent);
        match header {
            Some(header) if deeper => {
                self.colon(header, code_end, edits);
                self.levels.push(Level { indent, depth: top + STEP, outer: top, head: Head::of(header) });
            }
            _ => {
                if let Some(header) = header {
                    self.colon(header, code_end, edits);
                    edits.push(Edit { at: code_end, remove: 0, insert: " pass".to_owned() });
                }
                let left = self.leave(indent, &text[start..], code_end, header.and_then(Head::of), edits);
                if let Some(missing) = Head::missing(left, &text[start..]) {
                    let depth = self.levels.last().map_or(0, |level| level.depth);
                    edits.push(Edit { at: line_start, remove: 0, insert: format!("{}{missing}\n", " ".repeat(depth)) });
                }
            }
        }
        let depth = self.levels.last().map_or(0, |level| level.depth);
        if depth != indent {
            edits.push(Edit { at: line_start, remove: indent, insert: " ".repeat(depth) });
        }
        self.last = Some(start);
    }

    fn colon(&self, header: &str, code_end: usize, edits: &mut Vec<Edit>) {
        if !header.ends_with(':') {
            edits.push(Edit { at: code_end, remove: 0, insert: ":".to_owned() });
        }
    }

    /// Leaves the blocks that a line at `indent` is outside of; `empty` is the head before it, if that got no body. Answers with the head
    /// of the block that was left last.
    fn leave(
        &mut self,
        indent: usize,
        code: &str,
        code_end: usize,
        empty: Option<Head>,
        edits: &mut Vec<Edit>,
    ) -> Option<Head> {
        let handles = ["except", "finally"].contains(&first_word(code));
        let mut depth = self.levels.last().map_or(0, |level| level.depth);
        if empty == Some(Head::Try) && !handles {
            edits.push(Edit { at: code_end, remove: 0, insert: format!("\n{}finally: pass", " ".repeat(depth)) });
        }
        let mut left = empty;
        while let Some(level) = self.levels.pop_if(|level| level.indent > indent) {
            let outer = level.outer;
            let still_inside = self.levels.last().is_some_and(|outer| outer.indent > indent);
            if level.head == Some(Head::Try) && (still_inside || !handles) {
                edits.push(Edit { at: code_end, remove: 0, insert: format!("\n{}finally: pass", " ".repeat(outer)) });
            }
            depth = outer;
            left = level.head;
        }
        // An indentation never seen before: what was above it is its equal.
        if self.levels.last().is_none_or(|level| level.indent < indent) {
            self.levels.push(Level { indent, depth, outer: depth, head: None });
        }
        left
    }

    /// What the last lines lack, given the code up to its end.
    pub fn finish(&self, code: &str, insert: &mut String) {
        let Some(last) = self.last else { return };
        let header = code.get(last..).unwrap_or_default();
        let depth = self.levels.last().map_or(0, |level| level.depth);
        insert.push_str(lacking(header));
        if header.starts_with('@') {
            insert.push_str(&format!("\n{}def _(): pass", " ".repeat(depth)));
        }
        if opens_block(header) {
            insert.push_str(if header.ends_with(':') { " pass" } else { ": pass" });
            if header.starts_with("try") {
                insert.push_str(&format!("\n{}finally: pass", " ".repeat(depth)));
            }
        }
        for level in self.levels.iter().rev() {
            if level.head == Some(Head::Try) {
                insert.push_str(&format!("\n{}finally: pass", " ".repeat(level.outer)));
            }
        }
    }
}

/// What the last statement lacks before its colon.
fn lacking(statement: &str) -> &'static str {
    let more = statement.contains(' ');
    match first_word(statement) {
        "def" if !more => " _()",
        "def" if !statement.contains('(') => "()",
        "class" if !more => " _",
        "for" if !more => " _ in _",
        "for" if !statement.contains(" in") => " in _",
        "from" if !more => " _ import _",
        "from" if !statement.contains(" import") => " import _",
        _ => "",
    }
}

fn first_word(statement: &str) -> &str {
    statement.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}

/// Whether a statement is the header of a block whose body is to come.
pub(crate) fn opens_block(statement: &str) -> bool {
    match first_word(statement) {
        // Names as well as keywords.
        "match" | "case" => statement.ends_with(':'),
        // Both the statement and a conditional expression's end; a body on the same line is complete.
        word => HEADERS.contains(&word) && (statement.ends_with(':') || !has_body(statement)),
    }
}

/// Whether something follows the colon of a header on its line.
fn has_body(header: &str) -> bool {
    let mut depth = 0_i32;
    for (at, letter) in header.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ':' if depth <= 0 && !header[at..].starts_with(":=") => return !header[at + 1..].trim().is_empty(),
            _ => {}
        }
    }
    false
}
