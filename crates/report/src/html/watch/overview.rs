//! The first page: is something wrong, since when, and how do the rates stand?

use super::rates::{self, Drawn, share};
use super::{text, timeline, when};
use crate::html::summary::figure_of;
use crate::html::table::{Column, Kind, table};
use crate::{Alarm, Overview, SegmentRate, figure};
use maud::{Markup, html};

/// Rates drawn, and rows of a table; the rest is in `taster watch report --json`.
const DRAWN: usize = 24;
const ROWS: usize = 100;

/// The state of things in a word or two.
pub(super) fn word(overview: &Overview) -> String {
    match overview.report.alarms.len() as u64 {
        0 => "No alarm".to_owned(),
        some => figure::counted(some, "alarm"),
    }
}

/// Where an alarm's page is.
pub(super) fn address(alarm: &Alarm) -> String {
    let plain: String = alarm.id.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("/alarms/{plain}")
}

/// The banner.
pub(super) fn heading(overview: &Overview) -> Markup {
    let class = if overview.report.alarms.is_empty() { "no-evidence" } else { "poisoned" };
    html! {
        p.kicker { "taster watch" }
        h1 { "Watching production" }
        p.byline {
            @for (at, period) in overview.periods.iter().enumerate() {
                @if at > 0 { " · " }
                @if overview.period == *period { strong { (period) } } @else { a href={ "/?since=" (period) } { (period) } }
            }
        }
        div class={ "verdict " (class) } {
            p.word { (word(overview)) }
            p.sentence { (sentence(overview)) }
        }
    }
}

fn sentence(overview: &Overview) -> Markup {
    match overview.report.alarms.first() {
        Some(alarm) => html! {
            "The latest: " a href=(address(alarm)) { (text::line(&alarm.decision)) } " in " (text::line(&alarm.segment))
            ", insecure in " (share(alarm.now)) " of the decisions, before in " (share(alarm.before)) "; "
            (alarm.drift.sentence()) "."
        },
        None => html! { "No rate of insecure choices has risen beyond what its baseline leaves possible." },
    }
}

/// Everything below the banner.
pub(super) fn sections(overview: &Overview) -> Markup {
    let report = &overview.report;
    let decisions = report.rates.iter().filter(|rate| rate.segment == "all").map(|rate| rate.rate.made);
    html! {
        dl.figures {
            (figure_of("Completions", html! { (figure::count(report.completions)) }, html! { "in this time" }))
            (figure_of("Decisions", html! { (figure::count(decisions.fold(0, u64::saturating_add))) }, html! { "security-relevant ones" }))
            (figure_of("Not analysed", html! { (figure::count(report.not_analysed)) }, html! { "or not wholly; never counted as clean" }))
            (figure_of("Streams", html! { (figure::count(report.rates.len() as u64)) }, html! { "a decision in a segment each" }))
        }
        @if !report.alarms.is_empty() {
            section {
                h2 { "Alarms" }
                (timeline::figure(&report.alarms, overview.time))
                (alarm_table(&report.alarms))
            }
        }
        section {
            h2 { "Rates" }
            @if report.rates.is_empty() { p { "Nothing was taken in yet in this time." } }
            (rates::figure(report.rates.iter().take(DRAWN).map(drawn).collect()))
            (rate_table(&report.rates))
        }
    }
}

fn drawn(rate: &SegmentRate) -> Drawn {
    let label = html! { code { (text::line(&rate.decision)) } small { (text::line(&rate.segment)) } };
    Drawn { label, rate: rate.rate, limit: rate.limit }
}

fn alarm_table(alarms: &[Alarm]) -> Markup {
    let columns = [
        Column("Raised", Kind::Words),
        Column("Decision", Kind::Words),
        Column("Segment", Kind::Words),
        Column("Before", Kind::Number),
        Column("Now", Kind::Number),
        Column("Likely trigger", Kind::Code),
    ];
    let cells = |alarm: &Alarm| {
        vec![
            html! { a href=(address(alarm)) { (when(&alarm.raised)) } },
            text::line(&alarm.decision),
            text::line(&alarm.segment),
            html! { (share(alarm.before)) },
            html! { (share(alarm.now)) },
            html! { @if let Some(feature) = alarm.features.first() { code { (text::line(&feature.text)) } } },
        ]
    };
    html! {
        (table("Alarms, the latest first", &columns, alarms.iter().take(ROWS).map(cells).collect()))
        (left_out(alarms.len()))
    }
}

fn rate_table(rates: &[SegmentRate]) -> Markup {
    let columns = [
        Column("Segment", Kind::Words),
        Column("Decision", Kind::Words),
        Column("Baseline", Kind::Number),
        Column("Limit", Kind::Number),
        Column("Insecure", Kind::Number),
        Column("Evidence", Kind::Number),
    ];
    let cells = |rate: &SegmentRate| {
        vec![
            text::line(&rate.segment),
            text::line(&rate.decision),
            html! { (share(rate.baseline)) },
            html! { (figure::percent(rate.limit)) },
            html! { (share(rate.rate)) },
            html! { (figure::scientific(rate.evidence)) },
        ]
    };
    html! {
        @if !rates.is_empty() {
            (table("Rates, the strongest evidence first", &columns, rates.iter().take(ROWS).map(cells).collect()))
            (left_out(rates.len()))
        }
    }
}

fn left_out(rows: usize) -> Markup {
    html! { @if rows > ROWS { p.note { (rows - ROWS) " more in `taster watch report --json`." } } }
}
