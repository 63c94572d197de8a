//! Rates with their intervals and limits, drawn.

use crate::figure;
use crate::html::chart::{self, Axis, Row};
use maud::{Markup, html};
use stats::{Alpha, Rate};

/// Outside of an interval the true rate is with this probability on either side.
const TAIL: f64 = 0.025;

/// What is drawn on one row.
pub(super) struct Drawn {
    pub(super) label: Markup,
    pub(super) rate: Rate,
    /// The rate up to which nothing has changed.
    pub(super) limit: Option<f64>,
}

/// The figure; nothing where there is nothing to draw.
pub(super) fn figure(rates: Vec<Drawn>) -> Markup {
    if rates.is_empty() {
        return html! {};
    }
    let ends = rates.iter().flat_map(|drawn| [Some(interval(drawn.rate).1), drawn.limit]).flatten();
    let is_limited = rates.iter().any(|drawn| drawn.limit.is_some());
    let axis = Axis::over(ends.filter(|end| *end <= 1.0));
    let rows: Vec<Row> = rates.into_iter().map(|drawn| row(&axis, drawn)).collect();
    html! {
        figure {
            (chart::rows(&axis, &[], &rows, |at| figure::percent(Some(at))))
            figcaption {
                "Insecure choices a decision with the " (figure::level(2.0 * TAIL)) " interval, were choices independent. "
                @if is_limited {
                    span.key.tolerance-key {} " the limit: up to there nothing has changed, as far as the baseline tells. "
                    span.key.strong-key {} " all of the interval is beyond it. "
                }
            }
        }
    }
}

/// `93 % (186/200)`.
pub(super) fn share(rate: Rate) -> String {
    format!("{} ({}/{})", figure::percent(rate.value()), figure::count(rate.insecure), figure::count(rate.made))
}

fn row(axis: &Axis, Drawn { label, rate, limit }: Drawn) -> Row {
    let (low, high) = interval(rate);
    let class = if limit.is_some_and(|limit| low > limit) { "strong" } else { "weak" };
    let limited = limit.map_or("no limit yet".to_owned(), |limit| format!("limit {}", figure::percent(Some(limit))));
    let between = format!("{} to {}", figure::percent(Some(low)), figure::percent(Some(high)));
    Row {
        label,
        drawing: html! {
            @if let Some(limit) = limit { (chart::vertical(axis, limit, "tolerance")) }
            (chart::span(axis, low, high, class)) (chart::end(axis, low, class)) (chart::end(axis, high, class))
            @if let Some(value) = rate.value() { (chart::dot(axis, value, class)) }
        },
        words: format!("{}, interval {between}, {limited}", share(rate)),
    }
}

/// Between these the true rate is, were choices independent.
pub(super) fn interval(rate: Rate) -> (f64, f64) {
    Alpha::new(TAIL).map_or((0.0, 1.0), |tail| (rate.at_least(tail), rate.at_most(tail)))
}
