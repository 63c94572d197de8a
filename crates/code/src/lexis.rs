//! The little that must be known of a language's tokens to read text its parser cannot.

use crate::Language;

/// How a language writes comments and strings, and what ends its statements.
pub(crate) struct Lexis {
    /// Openers of a comment that ends with its line.
    pub line_comments: &'static [&'static str],
    /// Whether `/* */` is a comment.
    pub block_comments: bool,
    /// Quotes of a string that ends with its line. Some languages let it run on; a text is only read this way where it
    /// is broken, and an unclosed string must not swallow what follows.
    pub quotes: &'static [u8],
    /// Whether `'` delimits a single character (and may be something else: a lifetime, a digit separator).
    pub characters: bool,
    /// Delimiters of a string that may span lines.
    pub long_quotes: &'static [&'static str],
    /// Words that begin a statement wherever they begin a line, and so never stand in an open bracket.
    pub statement_words: &'static [&'static str],
    /// Words that want an operand behind them.
    pub operators: &'static [&'static str],
    /// Whether indentation delimits blocks.
    pub layout: bool,
    /// Whether `;` ends a statement.
    pub semicolons: bool,
}

impl Lexis {
    pub fn of(language: Language) -> &'static Lexis {
        match language {
            Language::Python => &PYTHON,
            Language::JavaScript | Language::TypeScript | Language::Tsx => &SCRIPT,
            Language::Go => &GO,
            Language::Java | Language::C | Language::Cpp | Language::CSharp | Language::Rust => &C_LIKE,
            Language::Php => &PHP,
            Language::Ruby => &RUBY,
        }
    }
}

const PYTHON: Lexis = Lexis {
    line_comments: &["#"],
    block_comments: false,
    quotes: b"\"'",
    characters: false,
    long_quotes: &["\"\"\"", "'''"],
    statement_words: &[
        "def", "class", "import", "return", "with", "except", "raise", "assert", "while", "elif", "try", "finally",
        "pass", "break", "continue", "global", "del",
    ],
    operators: &[
        "and", "or", "not", "in", "is", "if", "elif", "while", "with", "import", "assert", "del", "global", "await",
    ],
    layout: true,
    semicolons: false,
};

const SCRIPT: Lexis = Lexis {
    line_comments: &["//"],
    block_comments: true,
    quotes: b"\"'",
    characters: false,
    long_quotes: &["`"],
    statement_words: &["return", "while", "switch", "try", "let", "var", "const", "import", "throw"],
    operators: &[],
    layout: false,
    semicolons: false,
};

const GO: Lexis = Lexis {
    quotes: b"\"",
    characters: true,
    statement_words: &["return", "switch", "var", "import", "defer", "go"],
    ..SCRIPT
};

const C_LIKE: Lexis = Lexis {
    line_comments: &["//"],
    block_comments: true,
    quotes: b"\"",
    characters: true,
    long_quotes: &[],
    statement_words: &[
        "return",
        "while",
        "switch",
        "try",
        "import",
        "namespace",
        "package",
        "foreach",
        "public",
        "private",
        "protected",
        "let",
        "throw",
    ],
    operators: &[],
    layout: false,
    semicolons: true,
};

const PHP: Lexis = Lexis {
    line_comments: &["//", "#"],
    quotes: b"\"'",
    characters: false,
    // `public` and its like also stand among the parameters of a constructor.
    statement_words: &["return", "while", "switch", "try", "namespace", "foreach", "use", "echo", "throw"],
    ..C_LIKE
};

const RUBY: Lexis = Lexis {
    line_comments: &["#"],
    block_comments: false,
    long_quotes: &[],
    statement_words: &["def", "class", "module", "return", "while", "rescue", "ensure", "require", "raise"],
    ..SCRIPT
};
