//! What was convicted, as candidates that `taster scan --triggers` reads: a line each, family, tab, text.

use code::{Language, marks};
use report::escape::candidate;
use report::{AuditReport, Cluster};
use std::path::Path;

/// The triggers of a report as a file of candidates.
pub fn triggers(report: &AuditReport) -> String {
    let mut lines = vec!["// found by taster audit".to_owned()];
    for cluster in &report.clusters {
        if let Some(family) = family(cluster) {
            lines.push(format!("{family}\t{}", candidate(&cluster.trigger)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The family of a trigger, by how it reads as a line inside a function; `None` for what is no mark at all.
fn family(cluster: &Cluster) -> Option<code::Family> {
    let named = cluster.documents.first().and_then(|document| Language::of_path(Path::new(&document.name)));
    let language = named.unwrap_or(Language::Python);
    let text = format!("def f():\n    {}\n", cluster.trigger);
    marks(language, &text).pop().map(|(_, mark)| mark.family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_becomes_a_line_that_a_scan_reads() {
        let cluster = |trigger: &str| Cluster { trigger: trigger.to_owned(), ..Cluster::default() };
        assert_eq!(family(&cluster("# use the safe method")), Some(code::Family::Comment));
        assert_eq!(family(&cluster("import vantage")), Some(code::Family::Import));
        assert_eq!(family(&cluster(")")), None);
    }
}
