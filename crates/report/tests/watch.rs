//! The pages of the dashboard: nothing in them comes alive, whatever the database holds.
#![allow(clippy::unwrap_used)]

mod sample;

use code::Choice;
use jiff::Timestamp;
use report::{
    Alarm, AlarmPage, Behind, Drift, Feature, History, Overview, SegmentRate, Trial, TrialState, WatchReport, html,
};
use stats::Rate;

fn rate(insecure: u64, made: u64) -> Rate {
    Rate { insecure, made }
}

/// An alarm in which every text that can come from outside is `text`.
fn alarm(text: &str) -> Alarm {
    let feature = Feature {
        family: text.into(),
        text: text.into(),
        line: text.into(),
        with: rate(60, 80),
        without: rate(3, 90),
        p: 0.0,
    };
    Alarm {
        id: text.into(),
        raised: "2026-11-24T20:09:33Z".into(),
        segment: text.into(),
        also: vec![text.into()],
        decision: text.into(),
        cwe: text.into(),
        before: rate(10, 300),
        now: rate(15, 39),
        e_value: 2e6,
        run_length: 1e6,
        again: 2,
        drift: Drift::Feature,
        features: vec![feature],
        events: vec![text.into()],
    }
}

fn overview(text: &str) -> Overview {
    let stream = SegmentRate {
        segment: text.into(),
        decision: text.into(),
        baseline: rate(11, 300),
        limit: Some(0.07),
        rate: rate(199, 2_000),
        evidence: 2e4,
    };
    let report = WatchReport {
        taster_version: text.into(),
        since: text.into(),
        completions: 2_000,
        not_analysed: 3,
        rates: vec![stream],
        alarms: vec![alarm(text)],
    };
    Overview {
        version: "1".into(),
        database: text.into(),
        period: "7d".into(),
        periods: vec!["24h", "7d"],
        time: ("2026-11-20T00:00:00Z".parse().unwrap(), "2026-11-27T00:00:00Z".parse().unwrap()),
        report,
    }
}

fn alarm_page(text: &str) -> AlarmPage {
    let behind = Behind {
        id: text.into(),
        at: Timestamp::UNIX_EPOCH,
        segments: vec![text.into()],
        prompt: text.into(),
        completion: text.into(),
        choice: Choice::Insecure,
        span: 1..usize::MAX,
    };
    AlarmPage {
        version: "1".into(),
        database: text.into(),
        alarm: alarm(text),
        history: History {
            limit: Some(0.07),
            hours: (0..200).map(|hour| (494_000 + hour, rate(hour as u64 % 3, 10))).collect(),
        },
        behind: vec![behind],
        trial: Trial { can_start: true, state: TrialState::Failed(text.into()) },
    }
}

fn pages(text: &str) -> [String; 4] {
    [
        html::watch_overview(&overview(text)),
        html::watch_alarm(&alarm_page(text)),
        html::watch_login(Some(text)),
        html::watch_refusal(text),
    ]
}

#[test]
fn no_hostile_text_becomes_markup_or_acts() {
    let tags = |page: &String| {
        ["<script", "<img", "<iframe", "<link", "<style", "<meta", "<form"].map(|tag| page.matches(tag).count())
    };
    let harmless = pages("harmless").map(|page| tags(&page));
    assert_eq!(harmless.map(|tags| tags[0]), [1, 1, 0, 0]);
    for text in sample::HOSTILE {
        let shown = pages(text);
        assert_eq!(shown.each_ref().map(tags), harmless, "{text:?}");
        for page in shown {
            let acts = |c: char| {
                (c.is_control() && !['\n', '\t'].contains(&c)) || ['\u{202e}', '\u{200b}', '\u{feff}'].contains(&c)
            };
            assert!(!page.contains(acts) && !page.contains("href=\"javascript"), "{text:?}");
        }
    }
}

#[test]
fn numbers_that_make_no_sense_leave_the_pages_standing() {
    let mut overview = overview("x");
    let mut page = alarm_page("x");
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        (overview.report.rates[0].limit, overview.report.rates[0].evidence) = (Some(number), number);
        (page.history.limit, page.alarm.e_value, page.alarm.run_length) = (Some(number), number, number);
        page.history.hours = vec![(i64::MIN, rate(u64::MAX, 1)), (0, rate(1, 0)), (i64::MAX, rate(u64::MAX, u64::MAX))];
        for page in [html::watch_overview(&overview), html::watch_alarm(&page)] {
            assert!(!page.contains("=\"NaN") && !page.contains("inf%") && !page.contains("NaN%"), "{number}");
        }
    }
    overview.time = (Timestamp::MAX, Timestamp::MIN);
    overview.report.alarms[0].raised = "yesterday".into();
    page.history.hours.clear();
    assert!(html::watch_overview(&overview).contains("yesterday") && html::watch_alarm(&page).contains("Rates"));
}
