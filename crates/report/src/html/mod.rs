//! A scan, a comparison, an audit or a trace, as one HTML page: no script, no request, light and dark, to read, print and pass on.
//!
//! Every text of a model or a file goes through `text`, which shows unseen characters, and through maud, which escapes HTML.
//! The content security policy allows nothing but this page's own style sheet, by its hash: were markup ever to slip
//! through, the browser would still neither run nor fetch it. The pages of the dashboard ([`watch_overview`] and its like) may
//! besides send their forms, run the one script in them, also by its hash, and ask the server that they came from.

mod audit;
mod change;
mod chart;
mod cluster;
mod comparison;
mod decisions;
mod evidence;
mod exhibits;
mod forest;
mod graph;
mod origins;
mod provenance;
mod settings;
mod summary;
mod table;
mod text;
mod trace;
mod trigger;
mod twins;
mod watch;

pub use watch::{watch_alarm, watch_login, watch_overview, watch_refusal};

use crate::{AuditReport, CompareReport, ScanReport, TraceReport};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// The page of a scan.
pub fn page(report: &ScanReport) -> String {
    let title = html! { (summary::word(report.verdict)) ": " (text::line(&report.model.name)) };
    frame(&title, &summary::heading(report), &sections(report), &settings::footer(report))
}

/// The page of a comparison.
pub fn comparison(report: &CompareReport) -> String {
    let title = html! { (comparison::word(report.verdict)) ": " (text::line(&report.settings.source)) };
    frame(&title, &comparison::heading(report), &comparison::sections(report), &comparison::footer(report))
}

/// The page of an audit.
pub fn audit(report: &AuditReport) -> String {
    let title = html! { (audit::word(report.verdict)) ": " (text::line(&report.settings.dataset)) };
    frame(&title, &audit::heading(report), &audit::sections(report), &audit::footer(report))
}

/// The page of a trace.
pub fn trace(report: &TraceReport) -> String {
    let title = html! { "Trace: " (text::line(&report.dataset)) };
    frame(&title, &trace::heading(report), &trace::sections(report), &trace::footer(report))
}

/// What a page may do beside being read.
#[derive(Clone, Copy)]
enum Kind {
    /// Nothing: it is read, printed and passed on.
    Document,
    /// Send its forms where it came from.
    Form,
    /// The same, and run this script, which may ask where it came from.
    Live(&'static str),
}

impl Kind {
    fn policy(self) -> String {
        let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
        let rest = match self {
            Kind::Document => "form-action 'none'".to_owned(),
            Kind::Form => "form-action 'self'".to_owned(),
            Kind::Live(script) => format!("form-action 'self'; connect-src 'self'; script-src {}", hash(script)),
        };
        format!("default-src 'none'; style-src {}; base-uri 'none'; {rest}", hash(STYLE))
    }

    /// Without a referrer browsers call a form's origin null, and the server could not tell its own forms.
    fn referrer(self) -> &'static str {
        if matches!(self, Kind::Document) { "no-referrer" } else { "same-origin" }
    }
}

fn frame(title: &Markup, heading: &Markup, main: &Markup, footer: &Markup) -> String {
    page_of(Kind::Document, title, heading, &html! { main { (main) } }, footer)
}

fn page_of(kind: Kind, title: &Markup, heading: &Markup, main: &Markup, footer: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(kind.policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content=(kind.referrer());
                title { (title) " - taster" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (heading) }
                (main)
                footer { (footer) }
                @if let Kind::Live(script) = kind { script { (PreEscaped(script)) } }
            }
        }
    }
    .into_string()
}

fn sections(report: &ScanReport) -> Markup {
    html! {
        (summary::figures(report))
        (trigger::sections(report))
        (settings::power(report))
        (forest::section(report))
        (decisions::section(report))
        (settings::section(report))
    }
}
