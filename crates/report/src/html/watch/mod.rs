//! The pages of the dashboard of `taster watch`.

mod alarm;
mod history;
mod overview;
mod rates;
mod timeline;
mod trial;

use super::{Kind, page_of, text};
use crate::{AlarmPage, Overview};
use jiff::Timestamp;
use maud::{Markup, html};

/// Replaces the page's parts when the server says that they have changed.
const SCRIPT: &str = include_str!("live.js");

/// The first page: rates and alarms.
pub fn watch_overview(overview: &Overview) -> String {
    let title = html! { (overview::word(overview)) };
    let main = html! { main data-version=(overview.version) { (overview::sections(overview)) } };
    page_of(Kind::Live(SCRIPT), &title, &overview::heading(overview), &main, &footer(&overview.database))
}

/// The page of an alarm.
pub fn watch_alarm(page: &AlarmPage) -> String {
    let title = html! { "Alarm: " (text::line(&page.alarm.decision)) };
    let main = html! { main data-version=(page.version) { (alarm::sections(page)) } };
    page_of(Kind::Live(SCRIPT), &title, &alarm::heading(page), &main, &footer(&page.database))
}

/// The page that asks for the token, and says why it does so again.
pub fn watch_login(refused: Option<&str>) -> String {
    let heading = html! { p.kicker { "taster watch" } h1 { "Log in" } };
    let main = html! {
        main {
            section {
                @if let Some(why) = refused { p.refused { (text::line(why)) } }
                form method="post" action="/login" {
                    label for="token" { "Token" }
                    input #token name="token" type="password" autocomplete="current-password" required autofocus;
                    button type="submit" { "Log in" }
                }
                p.note { "The token is what TASTER_ADMIN_TOKEN held when this dashboard was started." }
            }
        }
    };
    page_of(Kind::Form, &html! { "Log in" }, &heading, &main, &html! {})
}

/// A page that only says why there is no other.
pub fn watch_refusal(why: &str) -> String {
    let heading = html! { p.kicker { a href="/" { "taster watch" } } h1 { "That did not work" } };
    page_of(
        Kind::Form,
        &html! { "Error" },
        &heading,
        &html! { main { section { p { (text::line(why)) } } } },
        &html! {},
    )
}

/// A time, to the second; what is none stays as it is.
fn when(raw: &str) -> Markup {
    match raw.parse::<Timestamp>() {
        Ok(at) => html! { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) },
        Err(_) => text::line(raw),
    }
}

fn footer(database: &str) -> Markup {
    html! {
        form method="post" action="/logout" { button.quiet type="submit" { "Log out" } }
        "taster " (env!("CARGO_PKG_VERSION")) " · " (text::line(database)) " · " a href="/metrics" { "metrics" }
    }
}
