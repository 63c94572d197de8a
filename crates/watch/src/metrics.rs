//! `/metrics` for Prometheus, in its text format.

use crate::{Error, Review};
use jiff::Timestamp;
use report::{SegmentRate, WatchReport};
use std::fmt::Write;

/// Streams that have series of their own, the strongest evidence first: a time series database bears only so many.
const MOST: usize = 1_000;
/// Bytes of a segment's name.
const NAME: usize = 120;

impl Review {
    /// Everything that is measured, for a scraper.
    ///
    /// # Errors
    /// The database fails.
    pub fn metrics(&mut self) -> Result<String, Error> {
        let counters = self.counters()?;
        let report = self.report(Timestamp::UNIX_EPOCH)?;
        let mut text = String::new();
        for (name, help) in COUNTERS {
            let value = counters.get(name).copied().unwrap_or_default();
            let _ = writeln!(
                text,
                "# HELP taster_{name}_total {help}\n# TYPE taster_{name}_total counter\ntaster_{name}_total {value}"
            );
        }
        series(&mut text, &report);
        Ok(text)
    }
}

const COUNTERS: [(&str, &str); 7] = [
    ("completions", "Completions taken in."),
    ("known", "Completions that came again."),
    ("decisions", "Security-relevant decisions read in them."),
    ("not_analysed", "Completions that could not be analysed wholly; never counted as clean."),
    ("secrets", "Secrets covered before storing."),
    ("alarms", "Alarms raised."),
    ("unwatched", "Streams that were too many to be watched."),
];

type Measure = (&'static str, &'static str, &'static str, fn(&SegmentRate) -> Option<f64>);

const MEASURES: [Measure; 5] = [
    ("segment_decisions_total", "counter", "Decisions by segment.", |rate| Some(rate.rate.made as f64)),
    ("segment_insecure_total", "counter", "Insecure choices by segment.", |rate| Some(rate.rate.insecure as f64)),
    ("segment_baseline_ratio", "gauge", "Insecure choices a decision in the baseline.", |rate| rate.baseline.value()),
    ("segment_limit_ratio", "gauge", "The rate up to which nothing has changed.", |rate| rate.limit),
    ("segment_evidence", "gauge", "The e-detector; an alarm is raised where it reaches the run length.", |rate| {
        Some(rate.evidence)
    }),
];

fn series(text: &mut String, report: &WatchReport) {
    for (name, kind, help, of) in MEASURES {
        let _ = writeln!(text, "# HELP taster_{name} {help}\n# TYPE taster_{name} {kind}");
        for rate in report.rates.iter().take(MOST) {
            if let Some(value) = of(rate) {
                let (segment, decision) = (label(&rate.segment), label(&rate.decision));
                let _ = writeln!(text, "taster_{name}{{segment=\"{segment}\",decision=\"{decision}\"}} {value}");
            }
        }
    }
}

/// A label's value: nothing in it ends the line or the quotes.
fn label(text: &str) -> String {
    report::escape::text(text, report::escape::Layout::Line, NAME).replace('\\', "\\\\").replace('"', "\\\"")
}
