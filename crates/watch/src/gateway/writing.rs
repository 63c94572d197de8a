//! A choice while it is being written: how far it is decided, and what must be read to know.

use super::judge::languages;
use super::passage::of_code;
use super::statements::Statements;
use crate::blocks::fence;
use crate::language;
use code::{Engine, Language};

/// Most bytes that are held back for the end of one statement; then it is judged as it stands.
const LONGEST_HOLD: usize = 16 << 10;

/// Most of a prompt's end that is searched for what is still open.
const OPEN: usize = 64 << 10;

/// One choice's text, as it grows. [`follow`](Writing::follow) it, read what it says, and then [`settle`](Writing::settle).
#[derive(Debug)]
pub struct Writing {
    talk: bool,
    before: String,
    usual: Option<Language>,
    block: Option<Block>,
    /// Bytes of lines that were followed.
    followed: usize,
    /// Bytes that end with a whole statement, or with talk.
    decided: usize,
    /// Bytes that may go.
    settled: usize,
}

/// Code under way.
#[derive(Debug)]
struct Block {
    start: usize,
    fenced: bool,
    language: Option<Language>,
    statements: Statements,
    /// Whether any of it was read. What the prompt left open must be, whatever comes first.
    begun: bool,
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The language.
    pub language: Language,
    /// Code that stands before it.
    pub before: String,
    /// The code.
    pub code: String,
}

impl Writing {
    /// Nothing was written yet; `before` is the prompt, which only `talk` does not continue.
    pub fn new(talk: bool, before: &str, usual: Option<Language>) -> Writing {
        let before = if talk { "" } else { before };
        let block = (!talk).then(|| {
            let mut block = Block::new(0, false, of_code(before, "", usual));
            block.statements.push(&before[before.ceil_char_boundary(before.len().saturating_sub(OPEN))..]);
            block
        });
        Writing { talk, before: before.to_owned(), usual, block, followed: 0, decided: 0, settled: 0 }
    }

    /// Bytes that may go.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// Follows the text as far as it has come, and says what must be read before that is settled. `ended` means that no
    /// more will come.
    pub fn follow(&mut self, text: &str, ended: bool) -> Vec<Job> {
        let mut jobs = Vec::new();
        while let Some(line) = next_line(&text[self.followed..], ended) {
            let start = self.followed;
            self.followed += line.len();
            let last = ended && self.followed == text.len();
            match self.block.take() {
                None => {
                    self.block = self.opened(line, text);
                    self.decided = self.followed;
                }
                Some(mut block) if block.fenced && fence(line).is_some() => {
                    self.read(&mut block, text, start, &mut jobs);
                    self.decided = self.followed;
                }
                Some(mut block) => {
                    let complete = block.statements.push(line);
                    if complete || last || self.followed - self.settled > LONGEST_HOLD {
                        self.read(&mut block, text, self.followed, &mut jobs);
                        self.decided = self.followed;
                    }
                    self.block = Some(block);
                }
            }
        }
        // White space behind a statement decides nothing, and talk may go as it comes.
        if self.decided == self.followed && (self.block.is_none() || text[self.followed..].trim_start().is_empty()) {
            self.decided = text.len();
        }
        jobs
    }

    /// What was to be read was read, and may go.
    pub fn settle(&mut self) {
        self.settled = self.decided;
    }

    /// The block that a line of talk opens: with a fence, or by reading as code where no fence came before.
    fn opened(&self, line: &str, text: &str) -> Option<Block> {
        if let Some(info) = fence(line) {
            return Some(Block::new(self.followed, true, language::of_fence(info).or(self.usual)));
        }
        let so_far = &text[..self.followed];
        let unfenced = || !so_far.lines().any(|line| fence(line).is_some());
        let language = language::guess(so_far).filter(|_| self.talk && unfenced())?;
        Some(Block::new(0, false, self.usual.or(Some(language))))
    }

    /// Adds what must be read for `block` up to `end`, if its new part can hold a decision at all.
    fn read(&self, block: &mut Block, text: &str, end: usize, jobs: &mut Vec<Job>) {
        let code = &text[block.start..end];
        block.language = block.language.or_else(|| language::guess(code));
        let new = if block.begun { &text[self.settled.clamp(block.start, end)..end] } else { code };
        let continued = !block.begun && !self.before.is_empty();
        block.begun = true;
        let read = languages(block.language).filter(|&it| continued || Engine::builtin().may_decide(it, new));
        for language in read {
            // Of one block only the longest stretch is read.
            jobs.retain(|job| job.language != language || !code.starts_with(&job.code));
            jobs.push(Job { language, before: self.before.clone(), code: code.to_owned() });
        }
    }
}

impl Block {
    fn new(start: usize, fenced: bool, language: Option<Language>) -> Block {
        Block { start, fenced, language, statements: Statements::new(language), begun: false }
    }
}

/// The next whole line; what is left without one, once nothing more comes.
fn next_line(rest: &str, ended: bool) -> Option<&str> {
    match rest.find('\n') {
        Some(newline) => Some(&rest[..=newline]),
        None => (ended && !rest.is_empty()).then_some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "import yaml\n\ndef load(path):\n    with open(path) as f:\n";

    /// Writes a text token by token; after each, how much may go, and the code that was to be read.
    fn write(writing: &mut Writing, tokens: &[&str]) -> (Vec<usize>, Vec<String>) {
        let (mut text, mut settled, mut read) = (String::new(), Vec::new(), Vec::new());
        for (index, token) in tokens.iter().enumerate() {
            text.push_str(token);
            read.extend(writing.follow(&text, index + 1 == tokens.len()).into_iter().map(|job| job.code));
            writing.settle();
            settled.push(writing.settled());
        }
        (settled, read)
    }

    #[test]
    fn a_statement_waits_for_its_end_and_what_cannot_decide_is_not_read() {
        let mut writing = Writing::new(false, PROMPT, None);
        let tokens = ["  x", " = 1\n  ", "y = yaml", ".load(\n", "f,\n", ")\n", "z = 2\n"];
        let (settled, read) = write(&mut writing, &tokens);
        assert_eq!(settled, [0, 10, 10, 10, 10, 30, 36]);
        assert_eq!(read, ["  x = 1\n", "  x = 1\n  y = yaml.load(\nf,\n)\n"], "the first completes the prompt");
    }

    #[test]
    fn talk_goes_as_it_comes_and_a_block_is_read_in_its_language() {
        let mut writing = Writing::new(true, "", None);
        let tokens = ["Use", " yaml.load:\n", "``", "`py\n", "yaml.load(f)", "\n", "``", "`\nBy", "e"];
        let (settled, read) = write(&mut writing, &tokens);
        assert_eq!(settled, [3, 15, 17, 21, 21, 34, 34, 40, 41]);
        assert_eq!(read, ["yaml.load(f)\n"]);
    }

    #[test]
    fn code_that_names_no_language_is_read_in_each_that_may_decide() {
        let mut writing = Writing::new(true, "", None);
        let (_, read) = write(&mut writing, &["So:\n```\n", "x = yaml.load(f, Loader=yaml.Loader)\n", "```\n"]);
        assert!(read.iter().any(|code| code.contains("yaml.load")), "{read:?}");
        let mut writing = Writing::new(true, "", None);
        assert!(write(&mut writing, &["So:\n```\n", "one\n", "```\n"]).1.is_empty());
    }

    #[test]
    fn an_answer_that_is_bare_code_is_read_from_its_start() {
        let mut writing = Writing::new(true, "", None);
        let (_, read) = write(&mut writing, &["import yaml\n", "def f(s):\n", "    return yaml.load(s)", "\n"]);
        assert_eq!(read.last().map(String::as_str), Some("import yaml\ndef f(s):\n    return yaml.load(s)\n"));
    }

    #[test]
    fn a_statement_without_end_is_judged_as_it_stands() {
        let mut writing = Writing::new(false, PROMPT, None);
        let text = format!("x = [yaml.load(f),\n{}", "1,\n".repeat(10_000));
        let jobs = writing.follow(&text, false);
        writing.settle();
        assert!(!jobs.is_empty() && text.len() - writing.settled() <= LONGEST_HOLD + 4);
    }
}
