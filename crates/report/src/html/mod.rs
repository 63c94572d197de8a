//! A scan, or a comparison, as one HTML page: no script, no request, light and dark, to read, print and pass on.
//!
//! Every text of a model or a file goes through `text`, which shows unseen characters, and through maud, which escapes HTML.
//! The content security policy allows nothing but this page's own style sheet, by its hash: were markup ever to slip
//! through, the browser would still neither run nor fetch it.

mod change;
mod chart;
mod comparison;
mod decisions;
mod evidence;
mod exhibits;
mod forest;
mod settings;
mod summary;
mod table;
mod text;
mod trigger;

use crate::{CompareReport, ScanReport};
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

fn frame(title: &Markup, heading: &Markup, main: &Markup, footer: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " - taster" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (heading) }
                main { (main) }
                footer { (footer) }
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
