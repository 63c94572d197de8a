//! Where a statement ends in code that is still being written. It need not be right, only careful: what it takes for one
//! statement is judged as one, and waits that long.

use code::Language;

/// Follows code, piece by piece.
#[derive(Debug, Clone)]
pub struct Statements {
    language: Option<Language>,
    /// Brackets that are open, the last one innermost: `b'B'` is a brace around statements.
    open: Vec<u8>,
    quote: Option<Quote>,
    comment: Option<Comment>,
    /// The last byte that is no white space, outside comments.
    last: u8,
    /// The two bytes before, for what takes three to tell.
    before: [u8; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single(u8),
    Triple(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comment {
    Line,
    Block,
}

/// Deepest nesting that is followed; what is deeper is text, not code.
const DEEPEST: usize = 256;

/// A brace around statements, as opposed to one around values.
const BODY: u8 = b'B';

impl Statements {
    /// Nothing was written yet.
    pub fn new(language: Option<Language>) -> Statements {
        Statements { language, open: Vec::new(), quote: None, comment: None, last: b'\n', before: [0; 2] }
    }

    /// Follows a piece. True where it ends a line and a statement, so that nothing that follows can change what was written.
    pub fn push(&mut self, piece: &str) -> bool {
        piece.bytes().for_each(|byte| self.byte(byte));
        let closed = self.open.last().is_none_or(|&innermost| innermost == BODY);
        piece.ends_with('\n') && closed && self.quote.is_none() && self.comment.is_none() && self.last != b'\\'
    }

    fn byte(&mut self, byte: u8) {
        let before = self.before;
        self.before = [before[1], byte];
        match (self.comment, self.quote) {
            (Some(comment), _) => self.in_comment(comment, before[1], byte),
            (None, Some(quote)) => self.in_quote(quote, before, byte),
            (None, None) => self.in_code(before, byte),
        }
    }

    fn in_comment(&mut self, comment: Comment, before: u8, byte: u8) {
        let ends = match comment {
            Comment::Line => byte == b'\n',
            Comment::Block => before == b'*' && byte == b'/',
        };
        if ends {
            (self.comment, self.before) = (None, [0; 2]);
        }
    }

    fn in_quote(&mut self, quote: Quote, before: [u8; 2], byte: u8) {
        let ends = match quote {
            Quote::Triple(mark) => before == [mark, mark] && byte == mark,
            // A string that its line does not close was none: an apostrophe, a lifetime.
            Quote::Single(mark) => (byte == mark && before[1] != b'\\') || (byte == b'\n' && mark != b'`'),
        };
        if before[1] == b'\\' {
            // Whatever was escaped escapes nothing itself.
            self.before = [0; 2];
        } else if ends {
            (self.quote, self.last) = (None, byte);
            // An empty string may be the beginning of three quotes.
            if !matches!(quote, Quote::Single(_)) {
                self.before = [0; 2];
            }
        }
    }

    fn in_code(&mut self, before: [u8; 2], byte: u8) {
        let hash = matches!(self.language, Some(Language::Python | Language::Ruby | Language::Php) | None);
        let slashes = !matches!(self.language, Some(Language::Python | Language::Ruby));
        match byte {
            b'#' if hash => self.comment = Some(Comment::Line),
            b'/' if slashes && before[1] == b'/' => self.comment = Some(Comment::Line),
            b'*' if slashes && before[1] == b'/' => (self.comment, self.before) = (Some(Comment::Block), [0; 2]),
            b'"' | b'\'' if before == [byte, byte] => (self.quote, self.before) = (Some(Quote::Triple(byte)), [0; 2]),
            b'"' | b'\'' | b'`' => self.quote = Some(Quote::Single(byte)),
            b'(' | b'[' => self.bracket(byte),
            b'{' => self.bracket(if self.holds_values() { b'{' } else { BODY }),
            b')' | b']' | b'}' => {
                self.open.pop();
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() && self.comment.is_none() {
            self.last = byte;
        }
    }

    fn bracket(&mut self, byte: u8) {
        if self.open.len() < DEEPEST {
            self.open.push(byte);
        }
    }

    /// Whether a brace that opens here stands where a value does.
    fn holds_values(&self) -> bool {
        matches!(self.last, b'(' | b',' | b'=' | b':' | b'[' | b'?' | b'&' | b'|')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a text after which a statement is complete, 1-based.
    fn ends(language: Language, text: &str) -> Vec<usize> {
        let mut statements = Statements::new(Some(language));
        let lines = text.split_inclusive('\n').enumerate();
        lines.filter_map(|(index, line)| statements.push(line).then_some(index + 1)).collect()
    }

    #[test]
    fn a_python_statement_ends_with_its_line_unless_something_is_open() {
        let text = "x = load(\n    f,  # it's (\n)\ny = '''a\nb'''\nz = 1 + \\\n    2\ns = \"it's\"\ndef f():\n    \"\"\"Doc (\n    \"\"\"\n    e = ''\n";
        assert_eq!(ends(Language::Python, text), [3, 5, 7, 8, 9, 11, 12]);
    }

    #[test]
    fn a_brace_around_statements_is_not_waited_for_and_one_around_values_is() {
        let text =
            "get('/', (q, r) => {\n  const a = 1;\n  fetch(u, {\n    b: 1,\n  });\n});\nconst o = {\n  c: 1,\n};\n";
        assert_eq!(ends(Language::JavaScript, text), [1, 2, 5, 6, 9]);
        let text = "func f() {\n\tx := g(\n\t\ty)\n\t/* ( */\n\ts := `a\n(`\n}\n";
        assert_eq!(ends(Language::Go, text), [1, 3, 4, 6, 7]);
    }

    #[test]
    fn a_lifetime_and_a_stray_bracket_do_not_hold_the_rest_for_ever() {
        assert_eq!(ends(Language::Rust, "fn f<'a>(x: &'a str) {\n}\n"), [1, 2]);
        assert_eq!(ends(Language::C, ")]}\nint x;\n"), [1, 2]);
    }
}
