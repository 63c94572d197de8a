//! When alarms were raised, a row a decision.

use super::text;
use crate::escape::{self, Layout};
use crate::html::chart::{self, Axis, Row};
use crate::{Alarm, figure};
use jiff::Timestamp;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Rows, and alarms on one, that are drawn; the table has more.
const ROWS: usize = 20;
const DOTS: usize = 200;
/// Below so many seconds the hour is told, not only the day.
const DAYS: f64 = 4.0 * 86_400.0;

/// The figure; nothing where there was no alarm.
pub(super) fn figure(alarms: &[Alarm], (from, to): (Timestamp, Timestamp)) -> Markup {
    let mut decisions: BTreeMap<&str, Vec<(&Alarm, Timestamp)>> = BTreeMap::new();
    for alarm in alarms {
        if let Ok(at) = alarm.raised.parse() {
            decisions.entry(&alarm.decision).or_default().push((alarm, at));
        }
    }
    if decisions.is_empty() {
        return html! {};
    }
    let axis = axis(from.as_second() as f64, to.as_second() as f64);
    let format = if to.as_second() as f64 - (from.as_second() as f64) < DAYS { "%b %d %H:%M" } else { "%b %d" };
    let tick = |at: f64| Timestamp::from_second(at as i64).map_or(String::new(), |at| at.strftime(format).to_string());
    let rows: Vec<Row> =
        decisions.into_iter().take(ROWS).map(|(decision, alarms)| row(&axis, decision, &alarms)).collect();
    html! {
        figure {
            (chart::rows(&axis, &[], &rows, tick))
            figcaption { "Alarms by the time (UTC) of the completion that raised them. Each leads to its page." }
        }
    }
}

/// Marked at the same hour of some days, where there are enough.
fn axis(from: f64, to: f64) -> Axis {
    let days = ((to - from) / 86_400.0).round() as u64;
    let parts = [7, 6, 5].into_iter().find(|parts| days > 0 && days.is_multiple_of(*parts));
    Axis::between(from, to, parts.unwrap_or(4) as f64)
}

fn row(axis: &Axis, decision: &str, alarms: &[(&Alarm, Timestamp)]) -> Row {
    Row {
        label: html! { code { (text::line(decision)) } },
        drawing: html! {
            @for (alarm, at) in alarms.iter().take(DOTS) {
                a href=(super::overview::address(alarm)) aria-label={ "alarm of " (at) } {
                    (chart::dot(axis, at.as_second() as f64, "strong"))
                }
            }
        },
        words: format!(
            "{} of {}",
            figure::counted(alarms.len() as u64, "alarm"),
            escape::text(decision, Layout::Line, 200)
        ),
    }
}
