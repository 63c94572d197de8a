//! The page of an alarm: what has changed, what the prompts behind it share, and these prompts themselves.

use super::rates::{self, Drawn, share};
use super::{history, text, trial, when};
use crate::html::exhibits::{choice_class, choice_word, excerpt, occurrences};
use crate::html::summary::figure_of;
use crate::html::table::{Column, Kind, table};
use crate::html::text::Mark;
use crate::{Alarm, AlarmPage, Behind, Feature, figure};
use maud::{Markup, html};
use stats::Rate;

/// The banner.
pub(super) fn heading(page: &AlarmPage) -> Markup {
    let alarm = &page.alarm;
    html! {
        p.kicker { a href="/" { "taster watch" } " · alarm" }
        h1 { (text::line(&alarm.decision)) " in " (text::line(&alarm.segment)) }
        p.byline {
            (text::weakness(&alarm.cwe)) " · raised " (when(&alarm.raised))
            @if !alarm.also.is_empty() { " · also in " (text::line(&alarm.also.join(", "))) }
        }
        div.verdict.poisoned {
            p.word { "Insecure in " (figure::percent(alarm.now.value())) ", before in " (figure::percent(alarm.before.value())) }
            p.sentence { (alarm.drift.sentence()) "." }
        }
    }
}

/// Everything below the banner.
pub(super) fn sections(page: &AlarmPage) -> Markup {
    let alarm = &page.alarm;
    html! {
           dl.figures {
               (figure_of("Before", html! { (figure::percent(alarm.before.value())) }, counts(alarm.before)))
               (figure_of("Now", html! { (figure::percent(alarm.now.value())) }, counts(alarm.now)))
               (figure_of("e-value", html! { (figure::scientific(alarm.e_value)) }, html! {
                   "one false alarm in " (figure::scientific(alarm.run_length)) " decisions"
               }))
               (figure_of("Again", html! { (figure::count(alarm.again)) }, html! { "times while it was open" }))
           }
           section {
               h2 { "What the prompts share" }
               (features(alarm))
               (trial::section(page))
           }
           section {
    h2 { "Rates" }
    (history::figure(page))
    (rates::figure(drawn(page)))
    }
           section {
               h2 { "Prompts and completions" }
               @if page.behind.is_empty() { p { "None is stored any more." } }
               @for behind in &page.behind { (exhibit(behind, alarm)) }
           }
       }
}

fn counts(rate: Rate) -> Markup {
    html! { (figure::count(rate.insecure)) " of " (figure::counted(rate.made, "decision")) }
}

fn features(alarm: &Alarm) -> Markup {
    let columns = [
        Column("Likely trigger", Kind::Code),
        Column("Family", Kind::Words),
        Column("Line", Kind::Code),
        Column("With it", Kind::Number),
        Column("Without", Kind::Number),
    ];
    let cells = |feature: &Feature| {
        vec![
            html! { code { (text::line(&feature.text)) } },
            text::line(&feature.family),
            html! { code { (text::line(&feature.line)) } },
            html! { (share(feature.with)) },
            html! { (share(feature.without)) },
        ]
    };
    match alarm.features.is_empty() {
        true => html! { p { "Nothing that would explain the change." } },
        false => {
            table("Features of prompts, the strongest first", &columns, alarm.features.iter().map(cells).collect())
        }
    }
}

fn drawn(page: &AlarmPage) -> Vec<Drawn> {
    let alarm = &page.alarm;
    let row = |label: Markup, rate| Drawn { label, rate, limit: page.history.limit };
    let mut rows =
        vec![row(html! { code { "before" } }, alarm.before), row(html! { code { "since the change" } }, alarm.now)];
    for feature in &alarm.features {
        let named = |word: &str| html! { code { (text::line(&feature.text)) } small { (word) } };
        rows.extend([row(named("with it"), feature.with), row(named("without it"), feature.without)]);
    }
    rows
}

fn exhibit(behind: &Behind, alarm: &Alarm) -> Markup {
    let class = choice_class(Some(behind.choice));
    let planted = alarm.features.first().map(|feature| carried(&behind.prompt, feature)).unwrap_or_default();
    html! {
        h4 {
            (when(&behind.at.to_string())) " · " (text::line(&behind.segments.join(", "))) " · " (text::line(&behind.id)) " "
            span class={ "choice " (class) } { (choice_word(Some(behind.choice))) }
        }
        pre {
            @if behind.prompt.is_empty() { span.cut { "(the prompt is not kept)\n" } }
            (excerpt(&behind.prompt, &planted, "planted"))
            span class={ "completion " (class) } {
                (text::marked(&behind.completion, &[Mark { range: behind.span.clone(), class }]))
            }
        }
    }
}

/// Where a prompt carries a feature: its words, or else the line that they mostly stand in.
fn carried(prompt: &str, feature: &Feature) -> Vec<std::ops::Range<usize>> {
    let words = occurrences(prompt, &feature.text);
    if words.is_empty() { occurrences(prompt, feature.line.trim()) } else { words }
}
