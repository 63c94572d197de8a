//! Where the documents of a cluster are from: how much of what each source gave, and when.

use super::chart::{self, Axis, Row};
use super::table::{Column, Kind, long_table};
use super::text;
use crate::escape::{self, Layout};
use crate::{Origin, figure};
use jiff::Timestamp;
use maud::{Markup, html};

/// Origins on the time line; the table has more.
const DRAWN: usize = 12;
/// Bytes of what a row says to those who do not see it.
const WORDS: usize = 200;
/// Seconds.
const DAY: f64 = 86_400.0;

/// The time line, where times are known, and the table; nothing where no origin is known.
pub(super) fn figure(title: &str, origins: &[Origin]) -> Markup {
    html! {
        @if !origins.is_empty() {
            h3 { (title) }
            (time_line(origins))
            (numbers(title, origins))
        }
    }
}

fn numbers(title: &str, origins: &[Origin]) -> Markup {
    let columns = [
        Column("Name", Kind::Code),
        Column("Documents of the cluster", Kind::Number),
        Column("Of its documents", Kind::Number),
        Column("When", Kind::Words),
    ];
    let row = |origin: &Origin| {
        let when = figure::days(origin.first.as_deref(), origin.last.as_deref());
        vec![
            text::line(&origin.name),
            html! { (figure::count(origin.documents)) },
            html! { (figure::count(origin.of)) },
            text::line(when.as_deref().unwrap_or("-")),
        ]
    };
    let caption = format!("{title}, those of most documents first");
    long_table(&caption, &columns, origins.iter().map(row).collect())
}

fn time_line(origins: &[Origin]) -> Markup {
    let timed: Vec<(&Origin, f64, f64)> = origins
        .iter()
        .filter_map(|origin| {
            let (first, last) = seconds(origin)?;
            Some((origin, first, last))
        })
        .take(DRAWN)
        .collect();
    let first = timed.iter().map(|(_, first, _)| *first).fold(f64::INFINITY, f64::min);
    let last = timed.iter().map(|(_, _, last)| *last).fold(f64::NEG_INFINITY, f64::max);
    let days = ((last - first) / DAY).ceil() + 2.0;
    let first = (first / DAY).floor() * DAY - DAY;
    let axis = Axis::between(first, first + days * DAY, days.min(4.0));
    let rows: Vec<Row> = timed.iter().map(|(origin, first, last)| row(&axis, origin, *first, *last)).collect();
    html! { @if !rows.is_empty() { figure { (chart::rows(&axis, &[], &rows, day)) } } }
}

fn row(axis: &Axis, origin: &Origin, first: f64, last: f64) -> Row {
    let when = figure::days(origin.first.as_deref(), origin.last.as_deref()).unwrap_or_default();
    Row {
        label: html! { code { (text::line(&origin.name)) } small { (figure::counted(origin.documents, "document")) } },
        drawing: html! {
            (chart::span(axis, first, last, "strong"))
            (chart::dot(axis, first, "strong"))
            (chart::dot(axis, last, "strong"))
        },
        words: escape::text(&format!("{}, {when}", figure::counted(origin.documents, "document")), Layout::Line, WORDS),
    }
}

/// First and last time of an origin, in seconds since 1970.
fn seconds(origin: &Origin) -> Option<(f64, f64)> {
    let read = |time: &Option<String>| time.as_deref()?.parse::<Timestamp>().ok();
    let (first, last) = (read(&origin.first), read(&origin.last));
    let (first, last) = (first.or(last)?, last.or(first)?);
    Some((first.min(last).as_second() as f64, first.max(last).as_second() as f64))
}

fn day(seconds: f64) -> String {
    Timestamp::from_second(seconds as i64).map_or(String::new(), |time| time.strftime("%Y-%m-%d").to_string())
}
