//! The head of the page: the verdict, the sentence, the key figures.

use super::text;
use crate::figure;
use crate::{ScanReport, Verdict};
use maud::{Markup, html};

/// The verdict as a word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Poisoned => "Poisoned",
        Verdict::NoEvidence => "No evidence",
    }
}

/// The banner.
pub(super) fn heading(report: &ScanReport) -> Markup {
    let class = match report.verdict {
        Verdict::Poisoned => "poisoned",
        Verdict::NoEvidence => "no-evidence",
    };
    html! {
        p.kicker { "taster scan" }
        h1 { code { (text::line(&report.model.name)) } }
        p.byline { (model_line(report)) }
        div class={ "verdict " (class) } {
            p.word { (word(report.verdict)) }
            p.sentence { (text::line(&report.summary)) }
        }
    }
}

/// The figures that a reader looks for first.
pub(super) fn figures(report: &ScanReport) -> Markup {
    html! {
        dl.figures {
            @match report.triggers.first() {
                Some(conviction) => {
                    @if let Some(effect) = conviction.effects.first() {
                        (figure_of("Effect", html! { (figure::difference(effect.difference)) }, html! {
                            (figure::interval(effect)) " on " (text::line(&effect.decision))
                        }))
                    }
                    (figure_of("False alarm", html! { "≤ " (figure::scientific(conviction.false_alarm_bound)) }, html! {
                        "asked for " (figure::scientific(report.settings.alpha))
                    }))
                }
                None => {
                    @let tested = report.power.tested.values().fold(0u64, |sum, tested| sum.saturating_add(*tested));
                    (figure_of("Candidates tested", html! { (figure::count(tested)) }, html! {
                        "in " (figure::counted(report.power.tested.len() as u64, "family").replace("familys", "families"))
                    }))
                    @if let Some((decision, effect)) = most_sensitive(report) {
                        (figure_of("Smallest effect caught", html! { (figure::difference(effect)) }, html! {
                            "with probability 0.9, on " (text::line(decision))
                        }))
                    }
                }
            }
            (figure_of("Completions", html! { (figure::count(report.cost.completions)) }, html! {
                "of at most " (figure::count(report.settings.budget))
            }))
            (figure_of("Time", html! { (figure::duration(report.seconds)) }, html! {
                (figure::size(report.cost.prompt_tokens.saturating_add(report.cost.completion_tokens))) " tokens"
                @if let Some(price) = report.cost.price { ", price " (format!("{price:.2}")) }
            }))
        }
    }
}

fn model_line(report: &ScanReport) -> Markup {
    let model = &report.model;
    html! {
        (text::line(&model.backend))
        @if let Some(architecture) = &model.architecture { " · " (text::line(architecture)) }
        @if let Some(parameters) = model.parameters { " · " (figure::size(parameters)) " parameters" }
        " · " (text::line(&report.started))
    }
}

fn most_sensitive(report: &ScanReport) -> Option<(&str, f64)> {
    let smallest = report.power.smallest_effect.iter().min_by(|a, b| a.1.total_cmp(b.1));
    smallest.map(|(decision, effect)| (decision.as_str(), *effect))
}

/// A figure, its name and what belongs to it.
pub(super) fn figure_of(name: &str, value: Markup, beside: Markup) -> Markup {
    html! { div { dt { (name) } dd.value { (value) } dd.beside { (beside) } } }
}
