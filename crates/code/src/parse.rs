//! Text to syntax tree, within bounds: what is read was written by a model or a stranger.

use crate::tree::Tree;
use crate::walk::MAX_DEPTH;
use crate::{Language, NotAnalysed};
use ast_grep_core::tree_sitter::LanguageExt;
use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tree_sitter::{ParseOptions, ParseState, Parser};

/// Longest text, bytes: ten times the largest source file people write by hand; above lies data in disguise, and a tree
/// takes some twenty times its text in memory.
pub(crate) const MAX_BYTES: usize = 20 << 20;

/// Longest line, bytes: minified bundles reach it, and nobody writes them.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;

/// Longest time for one text, all its parses and its walk together: some thirty times what a text of `MAX_BYTES` needs.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(20);

/// Why a text is not even parsed.
pub(crate) fn refusal(text: &[u8]) -> Option<NotAnalysed> {
    if text.len() > MAX_BYTES {
        return Some(NotAnalysed::TooLarge { limit: MAX_BYTES });
    }
    if text.len() > MAX_LINE_BYTES {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
            if end - start > MAX_LINE_BYTES {
                return Some(NotAnalysed::LineTooLong { limit: MAX_LINE_BYTES });
            }
            start = end + 1;
        }
    }
    None
}

/// Whether a text that is not worth parsing would be refused for its depth if it were: its brackets are counted, wherever
/// they stand.
pub(crate) fn nested_too_deep(text: &str) -> Option<NotAnalysed> {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        deepest = deepest.max(depth);
    }
    (deepest > MAX_DEPTH).then_some(NotAnalysed::TooDeep { limit: MAX_DEPTH })
}

/// The text as its grammar wants it, byte for byte where it was: a NUL byte, which grammars take for the end, becomes a
/// space, and so does what lies outside the PHP of a PHP file.
pub(crate) fn prepared(text: &str, language: Language) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains('\0') {
        text = Cow::Owned(text.replace('\0', " "));
    }
    match language {
        Language::Php if text.contains("<?") || text.contains("?>") => Cow::Owned(php(&text)),
        _ => text,
    }
}

/// PHP without its tags and what is outside them; a closing tag ends a statement. A text that closes before it opens, or
/// does neither, begins as PHP: a model continues inside.
fn php(text: &str) -> String {
    let opens = |text: &str| OPENERS.iter().find(|tag| text.starts_with(**tag)).map(|tag| tag.len());
    let next_open = |from: usize| {
        memchr::memmem::find_iter(&text.as_bytes()[from..], "<?")
            .map(|at| from + at)
            .find_map(|at| Some((at, opens(&text[at..])?)))
    };
    let next_close = |from: usize| memchr::memmem::find(&text.as_bytes()[from..], b"?>").map(|at| from + at);
    let mut masked = String::with_capacity(text.len());
    let blank = |masked: &mut String, outside: &str| {
        masked.extend(outside.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }))
    };
    let mut at = 0;
    let mut inside = match (next_open(0), next_close(0)) {
        (Some((open, _)), Some(close)) => close < open,
        (open, _) => open.is_none(),
    };
    while at < text.len() {
        if inside {
            let end = next_close(at).unwrap_or(text.len());
            masked.push_str(&text[at..end]);
            if end < text.len() {
                masked.push_str("; ");
            }
            at = (end + 2).min(text.len());
        } else {
            let end = next_open(at).map_or(text.len(), |(open, length)| open + length);
            blank(&mut masked, &text[at..end]);
            at = end;
        }
        inside = !inside;
    }
    masked
}

/// What opens PHP inside other text.
const OPENERS: &[&str] = &["<?php", "<?PHP", "<?=", "<? ", "<?\n"];

/// The error for a text whose time is up.
pub(crate) fn too_slow() -> NotAnalysed {
    NotAnalysed::TooSlow { milliseconds: TIME_LIMIT.as_millis() as u64 }
}

/// Parses a text; fails only when the deadline passes first.
pub(crate) fn parse(text: String, language: Language, deadline: Instant) -> Result<Tree, NotAnalysed> {
    let tree = parse_until(&text, language, deadline, |_| false).ok_or_else(too_slow)?;
    Ok(Tree::new(text, language.grammar(), &tree, deadline))
}

/// Parses a text that may have no error: gives up soon after it meets one, since recovering from errors takes most of the time that broken
/// text takes. None where the text is broken, or the deadline passed first.
pub(crate) fn parse_sound(text: String, language: Language, deadline: Instant) -> Option<Tree> {
    let tree = parse_until(&text, language, deadline, ParseState::has_error)?;
    (!tree.root_node().has_error()).then(|| Tree::new(text, language.grammar(), &tree, deadline))
}

fn parse_until(
    text: &str,
    language: Language,
    deadline: Instant,
    give_up: impl Fn(&ParseState) -> bool,
) -> Option<tree_sitter::Tree> {
    thread_local! {
        static PARSERS: RefCell<[Option<Parser>; Language::ALL.len()]> = const { RefCell::new([const { None }; Language::ALL.len()]) };
    }
    PARSERS.with_borrow_mut(|parsers| {
        let slot = &mut parsers[language as usize];
        if slot.is_none() {
            let mut parser = Parser::new();
            parser.set_language(&language.grammar().get_ts_language()).ok()?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut()?;
        // A parse that was stopped leaves state behind that the next one would resume.
        parser.reset();
        let bytes = text.as_bytes();
        let mut watch = |state: &ParseState| match give_up(state) || Instant::now() > deadline {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let options = ParseOptions::new().progress_callback(&mut watch);
        parser.parse_with_options(&mut |offset, _| bytes.get(offset..).unwrap_or_default(), None, Some(options))
    })
}
