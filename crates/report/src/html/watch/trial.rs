//! "Scan this": the alarm's features, tried as triggers.

use super::overview::address;
use super::text;
use crate::{AlarmPage, TrialState};
use maud::{Markup, html};

/// What became of it, and the button; nothing where there is nothing to try or nothing to try it on.
pub(super) fn section(page: &AlarmPage) -> Markup {
    let address = address(&page.alarm);
    html! {
        @match &page.trial.state {
            TrialState::None => {},
            TrialState::Running => p.trial { "A scan with these as candidates is under way." },
            TrialState::Busy => p.trial { "The scan of another alarm is under way; there is one at a time." },
            TrialState::Ended { poisoned } => p.trial {
                @if *poisoned { "Scanned: the model is poisoned. " } @else { "Scanned: no evidence that the model is poisoned. " }
                a href={ (address) "/report" } { "The report" } "."
            },
            TrialState::Failed(why) => p.trial { "The scan failed: " (text::line(why)) },
        }
        @if page.trial.can_start && !page.alarm.features.is_empty() {
            form method="post" action={ (address) "/scan" } { button type="submit" { "Scan this" } }
        }
    }
}
