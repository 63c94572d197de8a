//! Tables that scroll on their own where the page is narrow, so that the page never does.

use maud::{Markup, html};

/// Rows shown; more are only counted, the JSON report has them all.
const ROWS: usize = 100;
/// Of a long table, rows in sight, and rows that unfold.
const IN_SIGHT: usize = 10;
const FOLDED: usize = 500;

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
    cut(caption, columns, rows, ROWS)
}

/// A table that may be long: its first rows, the rest folded.
pub(super) fn long_table(caption: &str, columns: &[Column], mut rows: Vec<Vec<Markup>>) -> Markup {
    let folded = rows.split_off(rows.len().min(IN_SIGHT));
    html! {
        (table(caption, columns, rows))
        @if !folded.is_empty() {
            details { summary { (folded.len()) " more" } (cut("The rest", columns, folded, FOLDED)) }
        }
    }
}

fn cut(caption: &str, columns: &[Column], rows: Vec<Vec<Markup>>, most: usize) -> Markup {
    let left_out = rows.len().saturating_sub(most);
    html! {
        div.scroll role="region" tabindex="0" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for Column(title, kind) in columns { th scope="col" class=(kind.class()) { (title) } } } }
                tbody {
                    @for row in rows.into_iter().take(most) {
                        tr { @for (cell, Column(_, kind)) in row.into_iter().zip(columns) { td class=(kind.class()) { (cell) } } }
                    }
                }
            }
        }
        @if left_out > 0 { p.note { (left_out) " more in the JSON report." } }
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
