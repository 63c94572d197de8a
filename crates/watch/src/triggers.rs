//! What was mined, as candidates that `taster scan --triggers` reads: a line each, family, tab, text.

use report::escape::candidate;
use report::{Alarm, Feature};
use std::collections::BTreeSet;

/// The features of alarms as a file of candidates: the shortest description of each, and the line that it stands in.
pub fn triggers(alarms: &[Alarm]) -> String {
    let mut lines = vec!["// mined by taster watch".to_owned()];
    let mut seen = BTreeSet::new();
    for feature in alarms.iter().flat_map(|alarm| &alarm.features) {
        for text in [planted(feature), feature.line.clone()] {
            let line = format!("{}\t{}", feature.family, candidate(&text));
            if seen.insert(line.clone()) {
                lines.push(line);
            }
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Words out of a comment, as a comment.
fn planted(feature: &Feature) -> String {
    let leader = feature.line.trim_start().split(|c: char| !matches!(c, '#' | '/')).next().unwrap_or_default();
    let bare = matches!(feature.family.as_str(), "comment" | "header") && !feature.text.starts_with(['#', '/']);
    match bare {
        true if leader.is_empty() => format!("# {}", feature.text),
        true => format!("{leader} {}", feature.text),
        false => feature.text.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_feature_becomes_lines_that_a_scan_reads() {
        let feature = |family: &str, text: &str, line: &str| Feature {
            family: family.into(),
            text: text.into(),
            line: line.into(),
            with: Default::default(),
            without: Default::default(),
            p: 0.0,
        };
        let body = serde_json::json!({"id": "a", "raised": "", "segment": "all", "also": [], "decision": "d", "cwe": "", "before": {"insecure": 0, "made": 0},
            "now": {"insecure": 0, "made": 0}, "e_value": 1.0, "run_length": 1.0, "again": 0, "drift": "feature", "features": [], "events": []});
        let mut alarm: Alarm = serde_json::from_value(body).unwrap();
        alarm.features =
            vec![feature("comment", "safe method", "// the safe method"), feature("invisible", "\u{200b}", "\u{200b}")];
        let text = triggers(&[alarm]);
        assert_eq!(
            text,
            "// mined by taster watch\ncomment\t// safe method\ncomment\t// the safe method\ninvisible\t\\u{200b}\n"
        );
    }
}
