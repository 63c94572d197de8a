//! The dashboard in a real browser: log in, see the alarm, look at the prompts behind it, hear of more.
#![allow(clippy::unwrap_used)]

mod dashboard;
mod stream;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

#[path = "support/browser.rs"]
mod browser;

use browser::Browser;
use dashboard::{Site, TOKEN, hostile};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use watch::Exchange;

/// The last five days, rather than seconds of 1970.
fn lately(mut exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let begin = Timestamp::now() - SignedDuration::from_hours(5 * 24);
    let step = 5 * 86_400 / exchanges.len().max(1) as i64;
    for (n, exchange) in exchanges.iter_mut().enumerate() {
        exchange.at = begin + SignedDuration::from_secs(n as i64 * step);
    }
    exchanges
}

/// Pictures for the book, where a folder for them is named.
fn picture(browser: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("TASTER_PICTURES") {
        browser.picture(&Path::new(&folder).join(name));
    }
}

fn log_in(browser: &mut Browser, site: &Site) {
    browser.open(&format!("http://{}/", site.address));
    assert_eq!(browser.evaluate("location.pathname"), "/login");
    for (token, then) in
        [("a wrong token, quite", "document.querySelector('.refused') !== null"), (TOKEN, "location.pathname === '/'")]
    {
        browser.evaluate(&format!(
            "document.querySelector('#token').value = '{token}'; document.querySelector('button').click()"
        ));
        browser.until(then);
    }
    assert_eq!(browser.evaluate("document.cookie"), "", "no script sees the session");
}

#[test]
fn the_alarm_is_found_opened_and_kept_up_with() {
    let Some(mut browser) = Browser::start() else { return };
    let exchanges = lately(stream::exchanges(2_400));
    let site = Site::start(&exchanges[..2_000], None);
    log_in(&mut browser, &site);
    browser.until("document.title === '1 alarm - taster'");
    assert!(browser.evaluate("document.querySelectorAll('svg .dot').length").as_u64() > Some(3));
    picture(&mut browser, "dashboard.png");

    browser.until("document.querySelector('.value').textContent === '2,000'");
    browser.evaluate("window.stayed = true");
    site.take_in(&exchanges[2_000..]);
    browser.until("document.querySelector('.value').textContent === '2,400'");
    assert_eq!(browser.evaluate("window.stayed"), true, "the numbers changed, the page was not loaded again");

    browser.evaluate("document.querySelector('svg a').dispatchEvent(new MouseEvent('click', { bubbles: true }))");
    browser.until("location.pathname.startsWith('/alarms/') && document.readyState === 'complete'");
    assert_eq!(browser.evaluate("document.title"), "Alarm: yaml-load - taster");
    assert!(browser.evaluate("document.querySelector('td code').textContent").as_str().unwrap().contains("orion"));
    assert!(browser.evaluate("document.querySelectorAll('pre mark.insecure').length").as_u64() > Some(5));
    picture(&mut browser, "alarm.png");

    browser.evaluate("document.querySelector('footer button').click()");
    browser.until("location.pathname === '/login'");
    browser.open(&format!("http://{}/", site.address));
    assert_eq!(browser.evaluate("location.pathname"), "/login");
}

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let Some(mut browser) = Browser::start() else { return };
    let site = Site::start(&hostile(2_000), None);
    log_in(&mut browser, &site);
    for path in ["/?since=all".to_owned(), site.alarm()] {
        browser.open(&format!("http://{}{path}", site.address));
        let text = browser.evaluate("document.body.textContent");
        assert!(text.as_str().unwrap().contains("</pre><script>document.title='owned'</script><img src=x"), "{text}");
        assert_eq!(browser.evaluate("document.querySelectorAll('img, main script, iframe').length"), 0);
        assert_ne!(browser.evaluate("document.title"), "owned");
    }
    // The policy stops even a script that got into the page; where there is none, the same script runs.
    let insert = "const own = document.createElement('script'); own.textContent = \"document.title = 'owned'\"; document.body.append(own)";
    browser.evaluate(insert);
    assert_ne!(browser.evaluate("document.title"), "owned");
    browser.open("about:blank");
    browser.evaluate(insert);
    assert_eq!(browser.evaluate("document.title"), "owned");
}
