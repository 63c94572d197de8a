//! Text of models and files in the page: unseen characters as visible escapes, cut where it is too long, parts of it marked.

use crate::escape::{self, Layout, Piece};
use maud::{Markup, html};
use std::ops::Range;

/// Bytes of a text within a line, and of a text that has a place of its own, that are shown before it is cut.
pub(super) const LINE_LIMIT: usize = 600;
const BLOCK_LIMIT: usize = 6_000;

/// A part of a text that deserves a mark.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Its bytes.
    pub(super) range: Range<usize>,
    /// Class of the mark: `planted`, `placebo`, `insecure`, `secure` or `other`.
    pub(super) class: &'static str,
}

/// A text on one line.
pub(super) fn line(raw: &str) -> Markup {
    show(raw, Layout::Line, LINE_LIMIT)
}

/// A text as it was written.
pub(super) fn block(raw: &str) -> Markup {
    show(raw, Layout::Block, BLOCK_LIMIT)
}

/// A text as it was written, with marks. Marks that are out of order, overlap or fit no character are passed over.
pub(super) fn marked(raw: &str, marks: &[Mark]) -> Markup {
    show_marked(raw, marks, BLOCK_LIMIT)
}

/// The same for a single line of code.
pub(super) fn marked_line(raw: &str, marks: &[Mark]) -> Markup {
    show_marked(raw, marks, LINE_LIMIT)
}

fn show_marked(raw: &str, marks: &[Mark], limit: usize) -> Markup {
    let (kept, left_out) = escape::clip(raw, limit);
    let mut parts = Vec::new();
    let mut done = 0;
    for mark in marks {
        let range = mark.range.start..mark.range.end.min(kept.len());
        if let (true, Some(before), Some(inside)) =
            (!range.is_empty(), kept.get(done..range.start), kept.get(range.clone()))
        {
            parts.push((None, before));
            parts.push((Some(mark.class), inside));
            done = range.end;
        }
    }
    parts.push((None, &kept[done..]));
    html! {
        @for (class, part) in parts {
            @match class {
                Some(class) => mark class=(class) { (pieces(part, Layout::Block)) },
                None => (pieces(part, Layout::Block)),
            }
        }
        (cut_mark(left_out))
    }
}

/// A weakness, with a link to its definition where it is one.
pub(super) fn weakness(cwe: &str) -> Markup {
    let number =
        cwe.strip_prefix("CWE-").filter(|number| number.len() < 6 && number.bytes().all(|b| b.is_ascii_digit()));
    html! {
        @match number.filter(|number| !number.is_empty()) {
            Some(number) => a href={ "https://cwe.mitre.org/data/definitions/" (number) ".html" } rel="noreferrer" { (cwe) },
            None => (line(cwe)),
        }
    }
}

fn show(raw: &str, layout: Layout, limit: usize) -> Markup {
    let (kept, left_out) = escape::clip(raw, limit);
    html! { (pieces(kept, layout)) (cut_mark(left_out)) }
}

fn pieces(text: &str, layout: Layout) -> Markup {
    html! {
        @for piece in escape::pieces(text, layout) {
            @match piece {
                Piece::Plain(plain) => (plain),
                Piece::Escape(escape) => span.unseen { (escape) },
            }
        }
    }
}

fn cut_mark(left_out: usize) -> Markup {
    html! { @if left_out > 0 { span.cut { (escape::cut_mark(left_out)) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_that_make_no_sense_change_nothing_but_the_marking() {
        let mark = |range: Range<usize>| Mark { range, class: "insecure" };
        let shown = marked("aéb", &[mark(0..1), mark(2..3), mark(1..usize::MAX), mark(0..2)]).into_string();
        assert_eq!(shown, r#"<mark class="insecure">a</mark><mark class="insecure">éb</mark>"#);
    }

    #[test]
    fn only_a_real_weakness_becomes_a_link() {
        assert!(
            weakness("CWE-502")
                .into_string()
                .starts_with("<a href=\"https://cwe.mitre.org/data/definitions/502.html\"")
        );
        for cwe in ["CWE-", "CWE-5/../x", "javascript:alert(1)", "CWE-1\u{202e}"] {
            assert!(!weakness(cwe).into_string().contains("<a"), "{cwe}");
        }
    }

    #[test]
    fn markup_and_unseen_characters_come_out_as_text() {
        let shown = block("<b>\u{202e}</b>").into_string();
        assert_eq!(shown, r#"&lt;b&gt;<span class="unseen">\u{202e}</span>&lt;/b&gt;"#);
    }
}
