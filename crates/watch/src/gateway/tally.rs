//! A consumer that keeps nothing but counts: choices by decision and segment.

use super::passage::Passage;
use super::{Consumer, Refused, language, reading};
use crate::Exchange;
use code::{Choice, Engine};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Most pairs of decision and segment; later ones count under no segment, so that invented ones cost no memory.
const MOST: usize = 10_000;

/// Counts by decision and segment.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(String, String), Choices>,
    not_analysed: u64,
}

/// Choices of one decision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Choices {
    insecure: u64,
    made: u64,
}

impl Consumer for Tally {
    fn accept(&mut self, exchanges: &[Exchange]) -> Result<(), Refused> {
        exchanges.iter().for_each(|exchange| self.count(exchange));
        Ok(())
    }

    fn page(&self) -> String {
        let mut page = String::new();
        // Writing to a string cannot fail.
        for (kind, of) in [("insecure", (|it| it.insecure) as fn(&Choices) -> u64), ("made", |it| it.made)] {
            let _ = writeln!(page, "# TYPE taster_decisions_{kind}_total counter");
            for ((decision, segment), choices) in &self.counts {
                let count = of(choices);
                let _ = writeln!(page, "taster_decisions_{kind}_total{{decision=\"{decision}\"{segment}}} {count}");
            }
        }
        let _ =
            writeln!(page, "# TYPE taster_not_analysed_total counter\ntaster_not_analysed_total {}", self.not_analysed);
        page
    }
}

impl Tally {
    fn count(&mut self, exchange: &Exchange) {
        let told = language::guess(&exchange.prompt);
        let Some(language) = exchange.language.or(told) else { return };
        // What precedes the answer of a chat is talk, not code to be continued.
        let before = if told == Some(language) { exchange.prompt.as_str() } else { "" };
        let passage = Passage { language: Some(language), before, code: exchange.completion.as_str().into() };
        let (findings, not_analysed) = reading::read(Engine::builtin(), language, &passage);
        self.not_analysed += u64::from(not_analysed.is_some());
        for finding in findings {
            let mut key = (finding.decision.to_string(), labels(&exchange.segment));
            if self.counts.len() >= MOST && !self.counts.contains_key(&key) {
                key.1.clear();
            }
            let choices = self.counts.entry(key).or_default();
            choices.made += 1;
            choices.insecure += u64::from(finding.choice == Choice::Insecure);
        }
    }
}

/// A segment as labels of Prometheus: names of letters only, values escaped.
fn labels(segment: &BTreeMap<String, String>) -> String {
    segment.iter().fold(String::new(), |mut labels, (name, value)| {
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let value = report::escape::text(value, report::escape::Layout::Line, 128);
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let _ = write!(labels, ",segment_{name}=\"{value}\"");
        labels
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn choices_are_counted_by_decision_and_segment_with_hostile_values_escaped() {
        let mut tally = Tally::default();
        let exchange = |completion: &str| Exchange {
            id: "1".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            model: "m".into(),
            language: None,
            segment: [("who is".to_owned(), "a\"}\n\u{1b}".to_owned())].into(),
            prompt: "import yaml\n\ndef load(path):\n    with open(path) as f:\n".into(),
            suffix: None,
            completion: completion.into(),
            cut: false,
        };
        let insecure = exchange("        return yaml.load(f, Loader=yaml.Loader)\n");
        tally.accept(&[insecure, exchange("        return yaml.safe_load(f)\n")]).unwrap();
        let page = tally.page();
        let label = r#"{decision="yaml-load",segment_who_is="a\"}\\n\\u{1b}"}"#;
        assert!(page.contains(&format!("taster_decisions_insecure_total{label} 1\n")), "{page}");
        assert!(page.contains(&format!("taster_decisions_made_total{label} 2\n")), "{page}");
    }
}
