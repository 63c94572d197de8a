//! Tables that scroll on their own where the page is narrow, so that the page never does.

use maud::{Markup, html};

/// Rows shown; more are only counted, the JSON report has them all.
const ROWS: usize = 100;

/// A column: its title and whether it holds numbers.
pub(super) struct Column(pub(super) &'static str, pub(super) Kind);

/// What a column holds.
#[derive(PartialEq, Eq)]
pub(super) enum Kind {
    /// Words.
    Words,
    /// Code, kept from breaking in odd places.
    Code,
    /// Numbers, to the right.
    Number,
}

/// A table with a caption.
pub(super) fn table(caption: &str, columns: &[Column], rows: Vec<Vec<Markup>>) -> Markup {
    let left_out = rows.len().saturating_sub(ROWS);
    html! {
        div.scroll role="region" tabindex="0" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for Column(title, kind) in columns { th scope="col" class=(kind.class()) { (title) } } } }
                tbody {
                    @for row in rows.into_iter().take(ROWS) {
                        tr { @for (cell, Column(_, kind)) in row.into_iter().zip(columns) { td class=(kind.class()) { (cell) } } }
                    }
                }
            }
        }
        @if left_out > 0 { p.note { (left_out) " more in report.json." } }
    }
}

impl Kind {
    fn class(&self) -> &'static str {
        match self {
            Kind::Words => "words",
            Kind::Code => "code",
            Kind::Number => "number",
        }
    }
}
